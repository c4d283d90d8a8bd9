#include "engine/throttle.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace whimbrel {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLook{20};
/// The part of a second that a batch may take up of a rate.
constexpr double kShareOfRate = 0.5;

}  // namespace

Throttle& Throttle::none() {
  static Throttle free;
  return free;
}

void Throttle::enter(const Stop& stop) {
  std::unique_lock lock(mutex_);
  while (!may_enter() && !stop.requested()) changed_.wait_for(lock, kLook);
  ++inside_;
}

void Throttle::leave(int64_t documents) {
  std::lock_guard lock(mutex_);
  --inside_;
  if (settings_.max_rate) {
    std::chrono::duration<double> takes(static_cast<double>(documents) /
                                        static_cast<double>(*settings_.max_rate));
    next_ = std::max(next_, Clock::now()) + std::chrono::duration_cast<Clock::duration>(takes);
  }
  changed_.notify_all();
}

bool Throttle::may_enter() const {
  if (std::find(holds_.begin(), holds_.end(), true) != holds_.end()) return false;
  auto now = Clock::now();
  if (trusted_until_ && now > *trusted_until_) return false;
  if (settings_.max_rate && (now < next_ || inside_ > 0)) return false;
  return inside_ < most_inside();
}

int Throttle::most_inside() const {
  if (gait_ == Gait::kPaused) return 0;
  if (gait_ == Gait::kFewerLanes) return 1;
  return settings_.workers.value_or(std::numeric_limits<int>::max());
}

BatchLimits Throttle::now(const BatchLimits& limits) const {
  std::lock_guard lock(mutex_);
  BatchLimits live = limits;
  live.docs = settings_.batch_docs.value_or(limits.docs);
  live.time = settings_.batch_time.value_or(limits.time);
  if (settings_.max_rate) {
    double half = static_cast<double>(*settings_.max_rate) * kShareOfRate;
    live.docs = std::clamp(static_cast<int>(std::min(half, 1e9)), 1, live.docs);
  }
  return live;
}

milliseconds Throttle::rest_after(Duration took) const {
  std::lock_guard lock(mutex_);
  if (gait_ == Gait::kFull) return milliseconds(0);
  return milliseconds(std::lround(took.count()));
}

bool Throttle::wants_more_than(int lanes, const std::stop_token& ended,
                               milliseconds patience) const {
  std::unique_lock lock(mutex_);
  auto more = [&] { return settings_.workers.value_or(0) > lanes; };
  return changed_.wait_for(lock, ended, patience, more);
}

int64_t Throttle::max_errors(int64_t otherwise) const {
  std::lock_guard lock(mutex_);
  return settings_.max_errors.value_or(otherwise);
}

int Throttle::workers(int otherwise) const {
  std::lock_guard lock(mutex_);
  return settings_.workers.value_or(otherwise);
}

void Throttle::hold(Hold hold) {
  std::lock_guard lock(mutex_);
  holds_[static_cast<size_t>(hold)] = true;
}

void Throttle::release(Hold hold) {
  std::lock_guard lock(mutex_);
  holds_[static_cast<size_t>(hold)] = false;
  changed_.notify_all();
}

bool Throttle::is_held(Hold hold) const {
  std::lock_guard lock(mutex_);
  return holds_[static_cast<size_t>(hold)];
}

bool Throttle::is_still() const {
  std::lock_guard lock(mutex_);
  return inside_ == 0;
}

void Throttle::set(const LaneSettings& settings) {
  std::lock_guard lock(mutex_);
  settings_ = settings;
  if (!settings_.max_rate) next_ = {};
  changed_.notify_all();
}

void Throttle::set_gait(Gait gait) {
  std::lock_guard lock(mutex_);
  gait_ = gait;
  changed_.notify_all();
}

void Throttle::trust_until(std::optional<Clock::time_point> time) {
  std::lock_guard lock(mutex_);
  trusted_until_ = time;
  changed_.notify_all();
}

}  // namespace whimbrel
