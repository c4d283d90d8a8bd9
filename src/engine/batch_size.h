// How many documents the next batch may have: grows towards the limit while batches stay short.
#pragma once

#include <algorithm>
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

  /// While a bad document is looked for: half of those among which it must be.
  int docs() const { return suspects_ > 0 ? std::min(docs_, (suspects_ + 1) / 2) : docs_; }
  int64_t bytes() const { return limits_.bytes; }

  /// From now on these limits hold.
  void limit(const BatchLimits& limits);
  /// From now on a batch should take that long, instead of the limit's time.
  void aim_at(Duration time) { time_ = time; }
  void took(Duration time, int docs);
  void conflicted();
  /// After a batch of `docs` failed because of one of them: half of them next, and as long as those
  /// go through half of what is left, so that one bad document of n is found in log2(n) + 1 further
  /// batches. False when it was a single document: that is the one, and batches are half as large
  /// as before it.
  bool isolate(int docs);
  /// The next batch is of other documents than the last one.
  void look_no_further() { suspects_ = 0; }

 private:
  BatchLimits limits_;
  Duration time_;
  int docs_;
  int docs_before_ = 1;  ///< the size with which the search began
  int suspects_ = 0;     ///< as many of the next documents have a bad one among them; 0: none known
};

}  // namespace whimbrel
