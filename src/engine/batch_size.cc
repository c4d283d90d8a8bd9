#include "engine/batch_size.h"

#include <algorithm>
#include <cmath>

namespace whimbrel {

BatchSize::BatchSize(const BatchLimits& limits)
    : limits_(limits), time_(limits.time), docs_(std::max(1, limits.docs / 4)) {}

void BatchSize::limit(const BatchLimits& limits) {
  limits_ = limits;
  docs_ = std::min(docs_, limits_.docs);
}

void BatchSize::took(Duration time, int docs) {
  if (suspects_ > 0) {
    suspects_ = std::max(0, suspects_ - docs);
    return;
  }
  constexpr Duration kNoTime{0.1};
  double room = time_ / std::max(time, kNoTime);
  if (room < 1 && docs > 1) {
    int least = time > limits_.time ? 1 : std::min(docs_, kFewDocs);
    docs_ = std::max(least, static_cast<int>(docs * std::max(room, 0.5)));
  }
  if (room > 1 && docs >= docs_) docs_ = static_cast<int>(std::ceil(docs_ * std::min(room, 2.0)));
  docs_ = std::clamp(docs_, 1, limits_.docs);
}

void BatchSize::conflicted() {
  docs_ = std::max(1, docs_ / 2);
}

bool BatchSize::isolate(int docs) {
  if (suspects_ == 0) docs_before_ = docs_;
  bool more = docs > 1;
  suspects_ = more ? docs : 0;
  // Where every few documents are bad, large batches would be tried in vain.
  docs_ = more ? (docs + 1) / 2 : std::max(1, docs_before_ / 2);
  return more;
}

}  // namespace whimbrel
