// How many documents a step may leave in quarantine before it stops.
#pragma once

#include <atomic>
#include <cstdint>

#include "engine/throttle.h"

namespace whimbrel {

/// Shared by all lanes of a step. Thread-safe. `throttle` outlives it: what is set there while the
/// step is under way goes before `most`.
class ErrorBudget {
 public:
  ErrorBudget(const Throttle& throttle, int64_t most, int64_t used)
      : throttle_(throttle), most_(most), used_(used) {}

  /// Takes `documents` out of the budget; false, and nothing taken, when there are not so many
  /// left.
  bool take(int64_t documents) {
    int64_t used = used_.load(), most = throttle_.max_errors(most_);
    do {
      if (used + documents > most) return false;
    } while (!used_.compare_exchange_weak(used, used + documents));
    return true;
  }

  /// Documents that turned out to be recorded already, or, below 0, not to be recorded.
  void charge(int64_t documents) { used_ += documents; }

 private:
  const Throttle& throttle_;
  int64_t most_;
  std::atomic<int64_t> used_;
};

/// What the batch under way takes of the budget: kept when it is saved, given back when it is to be
/// repeated. One lane's.
class BudgetShare {
 public:
  explicit BudgetShare(ErrorBudget& budget) : budget_(budget) {}

  bool take(int64_t documents) {
    if (!budget_.take(documents)) return false;
    taken_ += documents;
    return true;
  }
  void keep() { taken_ = 0; }
  void give_back() {
    budget_.charge(-taken_);
    taken_ = 0;
  }

 private:
  ErrorBudget& budget_;
  int64_t taken_ = 0;
};

}  // namespace whimbrel
