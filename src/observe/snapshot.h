// One moment of a running step, as lines show it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/progress.h"
#include "observe/rate.h"
#include "state/runs.h"

namespace whimbrel {

/// One moment of a running step.
struct Snapshot {
  Counts counts;
  int64_t total = 0;
  int lanes = 0;
  int batch_docs = 0;
  int64_t batch_ms = 0;
  bool makes_way = false;
  std::string held;  ///< "paused 41 s: lag …", "slower: …"
  double rate = 0;
  std::optional<double> percent;
  std::optional<double> eta;
};

Snapshot take(const Progress& progress, const RateMeter& meter);
/// Three lines of a terminal.
std::vector<std::string> live_lines(const std::string& title, const Snapshot& now);
std::string plain_line(const std::string& title, const Snapshot& now);

}  // namespace whimbrel
