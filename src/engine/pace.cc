#include "engine/pace.h"

#include <algorithm>
#include <cmath>

namespace whimbrel {
namespace {

using std::chrono::milliseconds;

// Where the quiet writes are quicker than this, the clock and the scheduler say more than the
// server.
constexpr Pace::Duration kQuickest{0.2};
constexpr double kFarTooSlow = 3, kTooSlow = 2, kQuick = 1.6;
constexpr double kMostRest = 8;  // of eight times, seven at rest

}  // namespace

void Pace::is_alone() {
  beside_ = false;
  set(limit_);
}

void Pace::is_beside(Duration quiet) {
  quiet_ = std::max(quiet, kQuickest);
  if (beside_.exchange(true)) return;
  set(kShortestBatch);
}

void Pace::felt(Duration took) {
  if (!beside_) return;
  double ratio = took / quiet_;
  Duration time(time_);
  if (ratio > kFarTooSlow) {
    set(time * 0.5);
  } else if (ratio > kTooSlow) {
    set(time * 0.8);
  } else if (ratio < kQuick) {
    set(time * 1.25);
  }
}

void Pace::set(Duration time) {
  Duration least = std::min(limit_, kShortestBatch) / kMostRest;
  time_ = std::clamp(time, least, limit_).count();
}

milliseconds Pace::batch_time() const {
  Duration time = std::max(Duration(time_), std::min(limit_, kShortestBatch));
  return milliseconds(std::max(1L, std::lround(time.count())));
}

milliseconds Pace::rest_after(milliseconds took) const {
  double works = Duration(time_) / std::min(limit_, kShortestBatch);
  if (works >= 1) return milliseconds(0);
  return milliseconds(std::lround(static_cast<double>(took.count()) * (1 / works - 1)));
}

}  // namespace whimbrel
