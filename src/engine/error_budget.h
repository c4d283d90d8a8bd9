// How many documents a step may leave in quarantine before it stops.
#pragma once

#include <atomic>
#include <cstdint>

namespace whimbrel {

/// Shared by all lanes of a step. Thread-safe.
class ErrorBudget {
 public:
  ErrorBudget(int64_t most, int64_t used) : most_(most), used_(used) {}

  /// Takes `documents` out of the budget; false, and nothing taken, when there are not so many
  /// left.
  bool take(int64_t documents) {
    int64_t used = used_.load();
    do {
      if (used + documents > most_) return false;
    } while (!used_.compare_exchange_weak(used, used + documents));
    return true;
  }

 private:
  int64_t most_;
  std::atomic<int64_t> used_;
};

}  // namespace whimbrel
