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
  if (docs <= 1) return false;
  docs_ = std::max(1, docs / 2);
  return true;
}

}  // namespace whimbrel
