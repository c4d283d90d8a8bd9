// Batches on their way from the one who reads a backup to those who insert.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include "base/result.h"

namespace whimbrel::backup {

struct LoadBatch {
  size_t item = 0;
  std::vector<uint8_t> documents;
  int64_t count = 0;
};

/// Bounded: whoever puts waits for room. The first failure ends both sides. Thread-safe.
class BatchQueue {
 public:
  explicit BatchQueue(size_t room) : room_(room) {}

  /// The failure of a taker, if there was one.
  Status put(LoadBatch batch) {
    std::unique_lock lock(guard_);
    changed_.wait(lock, [&] { return batches_.size() < room_ || failure_; });
    if (failure_) return *failure_;
    batches_.push_back(std::move(batch));
    changed_.notify_all();
    return {};
  }
  /// nullopt when nothing comes any more.
  std::optional<LoadBatch> take() {
    std::unique_lock lock(guard_);
    changed_.wait(lock, [&] { return !batches_.empty() || closed_ || failure_; });
    if (failure_ || batches_.empty()) return std::nullopt;
    LoadBatch batch = std::move(batches_.front());
    batches_.pop_front();
    changed_.notify_all();
    return batch;
  }
  void close() {
    std::lock_guard lock(guard_);
    closed_ = true;
    changed_.notify_all();
  }
  void fail(Error error) {
    std::lock_guard lock(guard_);
    if (!failure_) failure_ = std::move(error);
    changed_.notify_all();
  }
  Status outcome() {
    std::lock_guard lock(guard_);
    return failure_ ? Status(*failure_) : Status();
  }

 private:
  size_t room_;
  std::mutex guard_;
  std::condition_variable changed_;
  std::deque<LoadBatch> batches_;
  bool closed_ = false;
  std::optional<Error> failure_;
};

}  // namespace whimbrel::backup
