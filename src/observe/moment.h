// One moment of a running step, and the lines that show it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/progress.h"
#include "observe/rate.h"
#include "state/runs.h"

namespace whimbrel {

struct Moment {
  Counts counts;
  int64_t total = 0;
  int lanes = 0;
  int batch_docs = 0;
  int64_t batch_ms = 0;
  bool makes_way = false;
  double rate = 0;
  std::optional<double> percent;
  std::optional<double> eta;
};

Moment take_moment(const Progress& progress, const RateMeter& meter);

/// For the live region of a terminal.
std::vector<std::string> live_lines(const std::string& title, const Moment& now);
/// For everything else.
std::string plain_line(const std::string& title, const Moment& now);

}  // namespace whimbrel
