#include "engine/batch_size.h"

#include <algorithm>

namespace whimbrel {

BatchSize::BatchSize(const BatchLimits& limits)
    : limits_(limits), time_(limits.time), docs_(std::max(1, limits.docs / 4)) {}

void BatchSize::took(std::chrono::milliseconds time, int docs) {
  if (time * 2 < time_ && docs >= docs_) docs_ *= 2;
  if (time > time_ && docs > 1) {
    docs_ = static_cast<int>(docs * time_.count() / std::max<int64_t>(1, time.count()));
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
