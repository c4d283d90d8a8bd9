#include "engine/pace.h"

#include <algorithm>
#include <cmath>

namespace whimbrel {
namespace {

using std::chrono::milliseconds;

// Where the quiet writes are quicker than this, the clock and the scheduler say more than the
// server.
constexpr Pace::Duration kQuickest{0.2};
// Ratios of a write's time to the quiet one. Measured on two cores with four writers (bench/live):
// with 2 and 1.6 instead of 1.3 and 1.1 batches grew to 70 ms and the application's 99th percentile
// to four times the quiet one; resting from 1.3 on made a run eight times as long.
constexpr double kFarTooSlow = 3, kBearable = 2.2, kTooSlow = 1.3, kQuick = 1.1;
constexpr double kShorter = 0.8, kLonger = 1.1, kMoreWork = 1.5;
constexpr double kMostRest = 8;  // of eight times, seven at rest

}  // namespace

void Pace::is_alone() {
  beside_ = false;
  set(limit_);
}

void Pace::is_beside(Duration quiet) {
  quiet = std::max(quiet, kQuickest);
  if (beside_.exchange(true)) {
    quiet_ = (quiet_ + quiet) / 2;
  } else {
    quiet_ = quiet;
    set(shortest());
  }
}

void Pace::felt(Duration took) {
  if (!beside_) return;
  double ratio = took / quiet_;
  Duration time(time_);
  if (ratio > kFarTooSlow) {
    set(time / 2);
  } else if (time < shortest()) {
    if (ratio < kBearable) set(time * kMoreWork);
  } else if (ratio > kTooSlow) {
    set(std::max(shortest(), time * kShorter));
  } else if (ratio < kQuick) {
    set(time * kLonger);
  }
}

Pace::Duration Pace::shortest() const {
  return std::min(limit_, kShortestBatch);
}

void Pace::set(Duration time) {
  time_ = std::clamp(time, shortest() / kMostRest, limit_).count();
}

Pace::Duration Pace::batch_time() const {
  return std::max(Duration(time_), shortest());
}

milliseconds Pace::rest_after(Duration took) const {
  double works = Duration(time_) / shortest();
  if (works >= 1) return milliseconds(0);
  return milliseconds(std::lround(took.count() * (1 / works - 1)));
}

}  // namespace whimbrel
