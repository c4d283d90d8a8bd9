// Repeats an attempt that failed for a passing reason.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "base/result.h"
#include "base/stop.h"

namespace whimbrel {

/// Waits 20 ms, 40 ms, … up to 1 s between attempts, and gives up `patience` after the first one
/// failed: longer than an election (10 s by default) and a restart of the server take.
struct Backoff {
  std::chrono::milliseconds first{20};
  std::chrono::milliseconds longest{1000};
  std::chrono::milliseconds patience{120'000};
};

/// The waits between the attempts at one thing. Not thread-safe.
class Waits {
 public:
  explicit Waits(Backoff backoff) : backoff_(backoff), next_(backoff.first) {}

  /// Asked after each failure: true once patience has ended. Counted from the first failure on: a
  /// half-open connection alone takes longer than patience to fail.
  bool over() {
    auto now = std::chrono::steady_clock::now();
    if (!give_up_) give_up_ = now + backoff_.patience;
    return now > *give_up_;
  }
  /// False when `stop` was requested.
  bool sleep(const Stop& stop) {
    auto wait = std::exchange(next_, std::min(next_ * 2, backoff_.longest));
    return stop.sleep(wait);
  }

 private:
  Backoff backoff_;
  std::chrono::milliseconds next_;
  std::optional<std::chrono::steady_clock::time_point> give_up_;
};

/// Calls `attempt` (returning a Result) until it succeeds, fails for good, `stop` is requested, or
/// patience ends. Only errors with Retry::kTransient or kConflict are repeated, so `attempt` must
/// be safe to repeat. Returns the last Result, or the reason of `stop` where that is the cause of
/// the failure or hides it: the lock was lost, or another lane failed.
template <class Attempt>
auto retry_transient(const Stop& stop, Attempt attempt, Backoff backoff = {}) {
  Waits waits(backoff);
  while (true) {
    auto result = attempt();
    if (result ||
        (result.error().retry != Retry::kTransient && result.error().retry != Retry::kConflict)) {
      return result;
    }
    if (waits.over()) return result;
    if (waits.sleep(stop)) continue;
    // Whoever took the lock ended our transactions: that is the cause, not what the server says.
    bool told_elsewhere = stop.lock_is_gone() || stop.reason() == Stop::Reason::kFailed;
    return told_elsewhere ? decltype(result)(stop.error()) : result;
  }
}

}  // namespace whimbrel
