#include "engine/residual_pass.h"

#include <algorithm>
#include <limits>
#include <map>
#include <unordered_set>

#include "base/retry.h"
#include "engine/images.h"
#include "engine/range_filter.h"
#include "engine/range_queue.h"
#include "state/journal.h"
#include "state/quarantine.h"

namespace whimbrel {

using mongo::Array;
using mongo::Collection;
using mongo::Document;
using mongo::make_document;
using mongo::OwnedValue;

namespace {

// Bounds of what is in memory at a time.
constexpr int kMostOfSlice = 20'000;
constexpr size_t kMostAtOnce = 20'000;
constexpr size_t kMostIdBytes = 256 << 10;
// Finished documents that are looked at to see whether `where` tells them from others.
constexpr size_t kSampleEntries = 3;
constexpr size_t kSampleOfEntry = 100;

using Keys = std::unordered_set<std::string>;

OwnedValue smallest_key() {
  return OwnedValue(*Document().append_min_key("key").view().find("key"));
}

OwnedValue largest_key() {
  return OwnedValue(*Document().append_max_key("key").view().find("key"));
}

void leave_out(const Keys& keys, std::vector<OwnedValue>& ids) {
  std::erase_if(ids, [&](const OwnedValue& id) { return keys.contains(id.value().map_key()); });
}

bool can_be_looked_for(const DocumentTask& task) {
  return !task.where().view().empty() && !std::holds_alternative<CopyStep>(task.step.body);
}

/// One pass over what there is now. Nothing of it is kept but ranges in the database.
class ResidualPass {
 public:
  explicit ResidualPass(const StepWork& work)
      : work_(work),
        task_(work.task),
        collection_(work.client, task_.database, task_.collection()),
        journal_(work.client, task_.database) {}

  /// Whatever it finds is migrated when it returns.
  Status run() {
    TRY(move_last());
    TRY(read_ranges());
    for (const Range& slice : slices_) {
      if (work_.stop.requested()) return work_.stop.error();
      auto ids = TRY(residual_of(slice));
      TRY(add_ranges(slice, ids));
      if (added_ >= kMostAtOnce) TRY(migrate_added());
    }
    return migrate_added();
  }

 private:
  /// Documents above the last `_id` are many where `_id`s grow: they are scanned like all others.
  Status move_last() {
    StepState& state = work_.state();
    if (!state.last) {
      IdExtent extent = TRY(read_extent(work_.client, task_));
      state.first = extent.first;
      state.last = extent.last;
    } else {
      Document above = range_and(range_filter({*state.last, false}, largest_key()), task_.where());
      auto highest = TRY(collection_.find_one(above, make_document("_id", -1)));
      if (!highest) return {};
      state.last = OwnedValue(*highest->view().find("_id"));
    }
    TRY(work_.save());
    return scan();
  }

  Status read_ranges() {
    for (Range& range : TRY(Ranges(work_.client, task_.database).read(task_.key))) {
      next_number_ = std::max(next_number_, range.number + 1);
      if (range.slice) beside_[*range.slice].push_back(range.number);
      if (!range.is_beside_slices()) slices_.push_back(std::move(range));
    }
    // What was inserted below the first `_id` belongs to the first slice.
    if (!slices_.empty()) slices_[0].lo = smallest_key();
    if (!task_.step.journal) return {};
    for (const Journal::EntryKey& entry : TRY(journal_.list(task_.key))) {
      entries_[entry.range].push_back(entry);
    }
    return {};
  }

  /// The documents of a slice that match and that no range has migrated.
  Result<std::vector<OwnedValue>> residual_of(const Range& slice) {
    std::vector<OwnedValue> ids = TRY(matching(slice));
    if (ids.empty()) return ids;
    leave_out(TRY(Quarantine(work_.client, task_.database).among(task_.key, ids)), ids);
    // Those that the transform left as they are: no journal has them.
    if (static_cast<int64_t>(ids.size()) <= slice.counts.unchanged) ids.clear();
    TRY(leave_out_journalled(slice.number, ids));
    for (int range : beside_[slice.number]) TRY(leave_out_journalled(range, ids));
    return ids;
  }

  Result<std::vector<OwnedValue>> matching(const Range& slice) const {
    Document by_id = make_document("_id", 1);
    Document filter =
        range_and(range_filter({slice.lo, slice.lo_included}, slice.hi), task_.where());
    Document find = make_document("find", task_.collection(), "filter", filter, "sort", by_id);
    find.append("hint", by_id).append("projection", by_id).append("limit", kMostOfSlice);
    std::vector<OwnedValue> ids;
    for (const Document& document : TRY(mongo::read_all(work_.client, task_.database, find))) {
      mongo::Value id = *document.view().find("_id");
      // A query cannot ask for it.
      if (id.type() != mongo::Type::kUndefined) ids.emplace_back(id);
    }
    return ids;
  }

  Status leave_out_journalled(int range, std::vector<OwnedValue>& ids) const {
    auto entries = entries_.find(range);
    if (entries == entries_.end()) return {};
    for (const Journal::EntryKey& key : entries->second) {
      if (ids.empty()) return {};
      auto entry = TRY(journal_.read_one(task_.key, key));
      if (!entry) continue;
      Keys finished;
      for (size_t i = 0; i < entry->before.size(); ++i) {
        finished.insert(entry->before[i].find("_id")->map_key());
      }
      leave_out(finished, ids);
    }
    return {};
  }

  Status add_ranges(const Range& slice, const std::vector<OwnedValue>& ids) {
    for (size_t at = 0; at < ids.size();) {
      Range range;
      range.number = next_number_++;
      range.slice = slice.number;
      range.lo = ids[at];
      range.lo_included = true;
      range.epoch = work_.run.epoch;
      Array only;
      for (; at < ids.size() && range.keys < task_.limits.docs; ++at, ++range.keys) {
        only.add(ids[at].value());
        range.hi = ids[at];
        if (only.bytes() > kMostIdBytes) break;
      }
      range.ids = Document(only.view());
      TRY(retry_transient(work_.stop, [&] { return add_range(work_.client, task_, range); }));
      added_ += static_cast<size_t>(range.keys);
    }
    return {};
  }

  Status migrate_added() {
    if (added_ == 0) return {};
    work_.progress.total += static_cast<int64_t>(added_);
    added_ = 0;
    return scan();
  }

  Status scan() {
    auto existing = TRY(Ranges(work_.client, task_.database).read(task_.key));
    return scan_to_end(work_, std::move(existing));
  }

  const StepWork& work_;
  const DocumentTask& task_;
  Collection collection_;
  Journal journal_;
  std::vector<Range> slices_;
  std::map<int, std::vector<int>> beside_;                 ///< ranges of earlier passes, by slice
  std::map<int, std::vector<Journal::EntryKey>> entries_;  ///< by range
  int next_number_ = 0;
  size_t added_ = 0;  ///< documents in ranges that are not migrated yet
};

/// True when documents of this entry that nobody touched since they were migrated still match.
Result<bool> finished_match(const StepWork& work, const JournalEntry& entry,
                            const std::vector<mongo::Digest>& after) {
  std::map<std::string, mongo::Digest> made;
  Array ids;
  for (size_t i = 0; i < std::min(entry.before.size(), kSampleOfEntry); ++i) {
    if (mongo::digest_of(entry.before[i]) == after[i]) continue;
    mongo::Value id = *entry.before[i].find("_id");
    ids.add(id);
    made.emplace(id.map_key(), after[i]);
  }
  if (made.empty()) return false;
  Collection collection(work.client, work.task.database, work.task.collection());
  Document filter = range_and(mongo::only_ids(ids.view()), work.task.where());
  for (const Document& document : TRY(collection.find_all(filter))) {
    auto ours = made.find(document.view().find("_id")->map_key());
    if (ours != made.end() && ours->second == mongo::digest_of(document)) return true;
  }
  return false;
}

/// False when `where` does not keep finished documents out, as a sample of them shows.
Result<bool> where_tells(const StepWork& work) {
  const DocumentTask& task = work.task;
  if (!task.step.journal) return true;  // else it would have been refused before the start
  Journal journal(work.client, task.database);
  std::vector<Journal::EntryKey> entries = TRY(journal.list(task.key));
  size_t apart = std::max<size_t>(1, entries.size() / kSampleEntries);
  for (size_t at = 0; at < entries.size(); at += apart) {
    auto entry = TRY(journal.read_one(task.key, entries[at]));
    if (!entry || entry->before.empty()) continue;
    TRY(fill_in_digests(work.client, task, *entry));
    if (TRY(finished_match(work, *entry, entry->after))) return false;
  }
  return true;
}

}  // namespace

Status pick_up_residual(const StepWork& work) {
  const DocumentTask& task = work.task;
  if (!can_be_looked_for(task)) return {};
  Collection collection(work.client, task.database, task.collection());
  const Counts& counts = work.state().counts;
  int64_t fewest = std::numeric_limits<int64_t>::max();
  int64_t left = 0;
  bool tells = false;
  while (TRY(collection.find_one(task.where()))) {
    tells = tells || TRY(where_tells(work));
    if (!tells) return {};
    int64_t before = counts.modified;
    TRY(ResidualPass(work).run());
    int64_t migrated = counts.modified - before;
    if (migrated == 0 || migrated >= fewest) {
      left = TRY(collection.count(task.where()));
      break;
    }
    fewest = migrated;
  }
  work.state().residual = left;
  return work.save();
}

}  // namespace whimbrel
