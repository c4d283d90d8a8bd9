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

/// One lane's controller. Starts at a quarter of the limit and follows the target time in both
/// directions, by a factor of two at most: beside a busy application single batches take many times
/// as long as their neighbours, and a size that follows each of them down stays far too small
/// (measured: a run took twice as long). A target below the limit's time takes it no further down
/// than kFewDocs, where a batch's own commands begin to cost more than its documents (measured:
/// with a target of 4 ms beside four writers sizes went to a few documents, and a run took ten
/// times as long). Halves on a write conflict (measured: of batches of 5,000 beside two writers 37
/// of 40 conflicted, of batches of 1,000 7 of 200).
class BatchSize {
 public:
  using Duration = std::chrono::duration<double, std::milli>;
  static constexpr int kFewDocs = 50;

  explicit BatchSize(const BatchLimits& limits);

  int docs() const { return docs_; }
  int64_t bytes() const { return limits_.bytes; }

  /// From now on these limits hold.
  void limit(const BatchLimits& limits);
  /// From now on a batch should take that long, instead of the limit's time.
  void aim_at(Duration time) { time_ = time; }
  void took(Duration time, int docs);
  void conflicted();
  /// After a batch of `docs` failed because of one of them: at most half as many next. False when
  /// it was a single document: that is the one.
  bool isolate(int docs);

 private:
  BatchLimits limits_;
  Duration time_;
  int docs_;
};

}  // namespace whimbrel
