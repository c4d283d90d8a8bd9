// Repeats an attempt that failed for a passing reason.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

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

/// Calls `attempt` (returning a Result) until it succeeds, fails for good, `stop` is requested, or
/// patience ends. Only errors with Retry::kTransient or kConflict are repeated, so `attempt` must
/// be safe to repeat. Returns the last Result.
template <class Attempt>
auto retry_transient(const Stop& stop, Attempt attempt, Backoff backoff = {}) {
  // From the first failure on: a half-open connection alone takes longer than patience to fail.
  std::optional<std::chrono::steady_clock::time_point> give_up;
  auto wait = backoff.first;
  while (true) {
    auto result = attempt();
    if (result ||
        (result.error().retry != Retry::kTransient && result.error().retry != Retry::kConflict)) {
      return result;
    }
    auto now = std::chrono::steady_clock::now();
    if (!give_up) give_up = now + backoff.patience;
    if (now > *give_up || !stop.sleep(wait)) return result;
    wait = std::min(wait * 2, backoff.longest);
  }
}

}  // namespace whimbrel
