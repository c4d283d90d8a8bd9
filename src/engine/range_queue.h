// Hands out ranges to lanes: first what an earlier attempt left open, then new slices off the
// front.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>

#include "base/stop.h"
#include "engine/range_filter.h"
#include "engine/task.h"

namespace whimbrel {

/// Slices are carved one ahead of the lanes, so the first batch starts at once, no lane waits for
/// the index, and a slow lane holds up at most the one slice it has: lanes that are done early take
/// what is left. The upper end is fixed when the step starts; documents inserted above it later are
/// not visited, so the scan always ends. Lanes call take() and leave(), one other thread
/// carve_ahead().
class RangeQueue {
 public:
  /// `state` has the step's first and last `_id`, or neither for an empty collection.
  RangeQueue(const DocumentTask& task, const StepState& state, int64_t epoch,
             std::vector<Range> existing, const Stop& stop);

  /// The next range to work on, saved before it is handed out; nullopt when all are taken. Waits
  /// for the carver, and returns its error.
  Result<std::optional<Range>> take();
  /// One lane more than the task has; called before its first take().
  void join();
  /// Called once by each of the task's lanes, however it ends.
  void leave();
  /// Carves until nothing is left, an error, or until all lanes have left.
  void carve_ahead(mongo::Client& client);

 private:
  bool wait_until_wanted();
  Result<std::optional<Range>> carve(mongo::Client& client);
  int64_t slice_keys() const;

  const DocumentTask& task_;
  int64_t epoch_;
  const Stop& stop_;

  // The carver's own.
  std::optional<Bound> frontier_;  ///< nullopt: nothing left to carve
  std::optional<mongo::OwnedValue> last_;
  int next_number_ = 0;
  int64_t carved_keys_ = 0;

  // Guarded by mutex_.
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Range> open_;
  bool carving_ = true;
  std::optional<Error> failure_;
  int lanes_;
};

/// Saves a new range. kLockHeld when the run has another epoch than the range: a holder that lost
/// the lock must not start what nobody has fenced.
Status add_range(mongo::Client& client, const DocumentTask& task, const Range& range);

/// The smallest and largest `_id` now; nothing for an empty collection.
struct IdExtent {
  std::optional<mongo::OwnedValue> first;
  std::optional<mongo::OwnedValue> last;
};
Result<IdExtent> read_extent(mongo::Client& client, const DocumentTask& task);

}  // namespace whimbrel
