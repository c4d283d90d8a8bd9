#include "observe/rate.h"

#include <algorithm>
#include <cmath>

namespace whimbrel {
namespace {

constexpr double kTimeConstant = 10;  // seconds

}  // namespace

void RateMeter::start(Time now, int64_t done) {
  last_ = moved_ = now;
  last_done_ = done;
  seconds_ = rate_ = 0;
}

void RateMeter::update(Time now, int64_t done) {
  double passed = std::chrono::duration<double>(now - last_).count();
  if (passed <= 0) return;
  double measured = static_cast<double>(std::max<int64_t>(0, done - last_done_)) / passed;
  seconds_ += passed;
  // At first a plain mean, so that the early figures do not start from zero.
  double weight = 1 - std::exp(-passed / std::min(kTimeConstant, seconds_));
  if (seconds_ == passed) weight = 1;
  rate_ += weight * (measured - rate_);
  if (done > last_done_) moved_ = now;
  last_ = now;
  last_done_ = done;
}

std::optional<double> RateMeter::eta(int64_t total, int64_t done) const {
  if (seconds_ < 1 || rate_ <= 0 || total <= 0) return std::nullopt;
  if (last_ - moved_ > std::chrono::duration<double>(kTimeConstant)) return std::nullopt;
  return static_cast<double>(std::max<int64_t>(0, total - done)) / rate_;
}

std::optional<double> percent(int64_t total, int64_t done) {
  if (total <= 0) return std::nullopt;
  if (done >= total) return 100;
  return std::clamp(100.0 * static_cast<double>(done) / static_cast<double>(total), 0.0, 99.9);
}

}  // namespace whimbrel
