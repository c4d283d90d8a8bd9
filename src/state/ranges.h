// Ranges: half-open slices of `_id` order, each with its own checkpoint.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mongo/collection.h"
#include "state/runs.h"

namespace whimbrel {

/// Which step of which run a state document belongs to.
struct StepKey {
  std::string run;  ///< ObjectId, hex
  int step = 0;
};

/// A slice of `_id` order, `(lo, hi]`; the first slice of a step includes its lower end.
struct Range {
  int number = 0;
  mongo::OwnedValue lo;
  bool lo_included = false;
  mongo::OwnedValue hi;
  int64_t keys = 0;                       ///< documents in it when it was carved out
  std::optional<mongo::OwnedValue> last;  ///< the checkpoint: everything up to here is done
  int batch = 0;                          ///< how many batches are done; part of the fence
  int64_t epoch = 0;
  bool done = false;
  bool retry = false;        ///< one document out of quarantine, beside the slices
  std::optional<int> slice;  ///< of documents found after the scan: the slice between whose ends
  mongo::Document ids;  ///< …they lie; and their `_id`s, as an array, until the range is done
  Counts counts;

  /// Its documents lie in another range, too, which did not migrate them.
  bool is_beside_slices() const { return retry || slice; }
  /// Where the next batch starts: after `last`, or at the lower end.
  const mongo::OwnedValue& position() const { return last ? *last : lo; }
  bool position_included() const { return !last && lo_included; }
};

/// What one finished batch adds to its range.
struct Checkpoint {
  mongo::OwnedValue upto;
  bool ends_range = false;
  Counts counts;
};

/// A document of kRangesCollection. Errors: a newer version, a missing field (version.h).
Result<Range> read_range(mongo::View document);

class Ranges {
 public:
  Ranges(mongo::Client& client, std::string_view database)
      : ranges_(client, database, kRangesCollection) {}

  Result<std::vector<Range>> read(const StepKey& key) const;
  /// Where `range` stands now. kLockHeld when it is gone because somebody took the run over.
  Result<Range> read_one(const StepKey& key, const Range& range) const;
  /// Writes a new range; writing the same one again is no error.
  Status add(const StepKey& key, const Range& range, mongo::Session* session) const;
  /// Gives every range of the run the new epoch: from now on no older holder can save a checkpoint.
  Status fence(const std::string& run, int64_t epoch) const;
  /// Saves the checkpoint if the range is still at `range.batch` and `range.epoch`. kLockHeld when
  /// somebody fenced us out; Retry::kTransient when the range is still ours but stands elsewhere,
  /// because an answer was lost or a change of primary took batches back: read it again.
  Status save(const StepKey& key, const Range& range, const Checkpoint& checkpoint,
              mongo::Durability durability, mongo::Session* session) const;
  /// kLockHeld unless the range still has our epoch. What was read before this call was read by its
  /// owner.
  Status assert_owned(const StepKey& key, const Range& range) const;
  /// kLockHeld unless the range still has that epoch; the transaction fails if it changes
  /// meanwhile.
  Status assert_epoch(const StepKey& key, int number, int64_t epoch, mongo::Session& session) const;
  Status remove(const std::string& run) const;

 private:
  mongo::Collection ranges_;
};

/// `range` after `checkpoint`.
Range advanced(Range range, const Checkpoint& checkpoint);

/// `{run, step, …}` as the leading part of a state document's `_id`, and the filter of all such
/// `_id`s.
mongo::Document step_id(const StepKey& key);
mongo::Document step_filter(const StepKey& key);
mongo::Document run_filter(const std::string& run);

}  // namespace whimbrel
