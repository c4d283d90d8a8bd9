// How long a whole collection will take, from how long batches of a sample took.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace whimbrel {

/// Seconds for so many documents: in one of ten cases less than p10, in one of ten more than p90.
struct Estimate {
  int64_t documents = 0;
  double p10 = 0, p50 = 0, p90 = 0;
};

/// One step of a round over the sample, and what awaits it in the real collection.
struct MeasuredStep {
  int64_t tried = 0;        ///< documents of the sample
  double busy_seconds = 0;  ///< its batches, those of all lanes added up
  int lanes = 1;
  int64_t documents = 0;    ///< that it will change
  double scan_seconds = 0;  ///< to find them
};
using MeasuredRound = std::vector<MeasuredStep>;

/// From several rounds over the same sample; nullopt without one in which a document was tried.
std::optional<Estimate> estimate_seconds(const std::vector<MeasuredRound>& rounds);

/// "(one in ten below 21.0 s, one in ten above 58.0 s)".
std::string spread_text(const Estimate& estimate);

/// The same migration over `documents` in all.
Estimate scaled_to(const Estimate& estimate, int64_t documents);

}  // namespace whimbrel
