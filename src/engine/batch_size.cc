#include "engine/batch_size.h"

#include <algorithm>

namespace whimbrel {

BatchSize::BatchSize(const BatchLimits& limits)
    : limits_(limits), docs_(std::max(1, limits.docs / 4)) {}

void BatchSize::took(std::chrono::milliseconds time, int docs) {
  if (time * 2 < limits_.time && docs >= docs_) docs_ *= 2;
  if (time > limits_.time && docs > 1) {
    docs_ = static_cast<int>(docs * limits_.time.count() / std::max<int64_t>(1, time.count()));
  }
  docs_ = std::clamp(docs_, 1, limits_.docs);
}

void BatchSize::conflicted() {
  docs_ = std::max(1, docs_ / 2);
}

bool BatchSize::isolate(int docs) {
  if (docs <= 1) return false;
  docs_ = std::max(1, docs / 2);
  return true;
}

}  // namespace whimbrel
