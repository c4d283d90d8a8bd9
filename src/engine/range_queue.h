// Hands out ranges to lanes: first what an earlier attempt left open, then new slices off the
// front.
#pragma once

#include <deque>
#include <mutex>
#include <optional>

#include "base/stop.h"
#include "engine/range_filter.h"
#include "engine/task.h"

namespace whimbrel {

/// Slices are carved when a lane asks, so the first batch starts at once and a slow lane holds up
/// at most the one slice it has: lanes that are done early take what is left. The upper end is
/// fixed when the step starts; documents inserted above it later are not visited, so the scan
/// always ends. Thread-safe; each caller passes its own client.
class RangeQueue {
 public:
  /// `state` has the step's first and last `_id`, or neither for an empty collection.
  RangeQueue(const DocumentTask& task, const StepState& state, int64_t epoch,
             std::vector<Range> existing, const Stop& stop);

  /// The next range to work on, saved before it is handed out; nullopt when all are taken.
  Result<std::optional<Range>> take(mongo::Client& client);

 private:
  Result<std::optional<Range>> carve(mongo::Client& client);
  Status save_new(mongo::Client& client, const Range& range) const;
  int64_t slice_keys() const;

  const DocumentTask& task_;
  int64_t epoch_;
  const Stop& stop_;
  std::mutex mutex_;
  std::deque<Range> open_;         // guarded by mutex_
  std::optional<Bound> frontier_;  // guarded by mutex_; nullopt: nothing left to carve
  std::optional<mongo::OwnedValue> last_;
  int next_number_ = 0;      // guarded by mutex_
  int64_t carved_keys_ = 0;  // guarded by mutex_
};

/// The smallest and largest `_id` now; nothing for an empty collection.
struct IdExtent {
  std::optional<mongo::OwnedValue> first;
  std::optional<mongo::OwnedValue> last;
};
Result<IdExtent> read_extent(mongo::Client& client, const DocumentTask& task);

}  // namespace whimbrel
