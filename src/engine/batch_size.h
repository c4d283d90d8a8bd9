// How many documents the next batch may have: grows towards the limit while batches stay short.
#pragma once

#include <chrono>
#include <cstdint>

namespace whimbrel {

/// Limits of one batch, from the configuration or the step.
struct BatchLimits {
  int docs = 1000;
  int64_t bytes = 8 << 20;
  std::chrono::milliseconds time{100};
};

/// One lane's controller. Starts at a quarter of the limit; doubles while a batch takes less than
/// half the target time; shrinks in proportion when it takes longer; halves on a write conflict
/// (measured: of batches of 5,000 beside two writers 37 of 40 conflicted, of batches of 1,000 7 of
/// 200).
class BatchSize {
 public:
  explicit BatchSize(const BatchLimits& limits);

  int docs() const { return docs_; }
  int64_t bytes() const { return limits_.bytes; }

  /// From now on a batch should take that long, instead of the limit's time.
  void aim_at(std::chrono::milliseconds time) { time_ = time; }
  void took(std::chrono::milliseconds time, int docs);
  void conflicted();
  /// After a batch of `docs` failed because of one of them: at most half as many next. False when
  /// it was a single document: that is the one.
  bool isolate(int docs);

 private:
  BatchLimits limits_;
  std::chrono::milliseconds time_;
  int docs_;
};

}  // namespace whimbrel
