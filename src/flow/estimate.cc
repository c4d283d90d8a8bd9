#include "flow/estimate.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace whimbrel {
namespace {

// Opening a run, making its collections, its record and the lock's release.
constexpr double kAroundSeconds = 0.3;
// A sample fits into every cache and its rounds lie close together; a whole collection meets the
// server's checkpoints, evictions and growing journal besides.
constexpr double kQuickest = 0.75;
constexpr double kSlowest = 1.6;

double at_share(const std::vector<double>& sorted, double share) {
  auto position = share * static_cast<double>(sorted.size() - 1);
  auto low = static_cast<size_t>(position);
  size_t high = std::min(low + 1, sorted.size() - 1);
  return sorted[low] + (sorted[high] - sorted[low]) * (position - static_cast<double>(low));
}

/// Seconds of the whole, when each document costs what those of this round did.
double whole_seconds(const MeasuredRound& round) {
  double seconds = 0;
  for (const MeasuredStep& step : round) {
    seconds += step.scan_seconds;
    if (step.tried == 0) continue;
    double times = static_cast<double>(step.documents) / static_cast<double>(step.tried);
    seconds += step.busy_seconds * times / std::max(1, step.lanes);
  }
  return seconds;
}

bool tried_something(const MeasuredRound& round) {
  return std::any_of(round.begin(), round.end(),
                     [](const MeasuredStep& step) { return step.tried > 0; });
}

}  // namespace

std::optional<Estimate> estimate_seconds(const std::vector<MeasuredRound>& rounds) {
  std::vector<double> each;
  int64_t documents = 0;
  for (const MeasuredRound& round : rounds) {
    if (!tried_something(round)) continue;
    each.push_back(whole_seconds(round));
    documents = 0;
    for (const MeasuredStep& step : round) documents += step.documents;
  }
  if (each.empty()) return std::nullopt;
  std::sort(each.begin(), each.end());
  return Estimate{documents, kAroundSeconds + at_share(each, 0.1) * kQuickest,
                  kAroundSeconds + at_share(each, 0.5),
                  kAroundSeconds + at_share(each, 0.9) * kSlowest};
}

std::string spread_text(const Estimate& estimate) {
  return fmt::format("(one in ten below {}, one in ten above {})", duration_text(estimate.p10),
                     duration_text(estimate.p90));
}

Estimate scaled_to(const Estimate& estimate, int64_t documents) {
  double times = static_cast<double>(documents) /
                 static_cast<double>(std::max<int64_t>(1, estimate.documents));
  auto scaled = [times](double seconds) {
    return kAroundSeconds + (seconds - kAroundSeconds) * times;
  };
  return {documents, scaled(estimate.p10), scaled(estimate.p50), scaled(estimate.p90)};
}

}  // namespace whimbrel
