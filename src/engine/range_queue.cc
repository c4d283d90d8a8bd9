#include "engine/range_queue.h"

#include <algorithm>

#include "base/retry.h"
#include "mongo/collection.h"

namespace whimbrel {

using mongo::Array;
using mongo::Collection;
using mongo::Document;
using mongo::make_document;
using mongo::OwnedValue;

namespace {

// Small enough that lanes end together, large enough that carving costs little.
constexpr int64_t kMostKeys = 25'000;
// Carving is serial and takes about 10 ms, in which two lanes migrate some 700 documents: smaller
// slices are not worth it.
constexpr int64_t kFewestKeys = 2'000;
// Where ids of several types meet, the slice's end is found by reading documents: bound their size.
constexpr int64_t kMostBytesRead = 256 << 20;

struct SliceEnd {
  OwnedValue id;
  int64_t keys = 0;
};

/// The `_id` that lies `keys` documents behind `from`, by the index alone where one type is enough.
Result<std::optional<SliceEnd>> find_slice_end(mongo::Client& client, const DocumentTask& task,
                                               const Bound& from, const OwnedValue& last,
                                               int64_t keys) {
  Document group;
  group.append_null("_id").append("end", make_document("$last", "$_id"));
  group.append("keys", make_document("$sum", 1));
  Array pipeline;
  pipeline.add(make_document("$match", range_filter(from, last)));
  pipeline.add(make_document("$sort", make_document("_id", 1)));
  pipeline.add(make_document("$limit", keys));
  pipeline.add(make_document("$group", group));
  Document command = make_document("aggregate", task.collection());
  command.append_array("pipeline", pipeline.view()).append("cursor", Document());
  command.append("hint", make_document("_id", 1));
  Document reply = TRY(client.run(task.database, command));
  auto found = reply.view().at_path("cursor.firstBatch.0");
  if (!found) return std::optional<SliceEnd>();
  mongo::View slice = found->as_document();
  return std::optional<SliceEnd>(SliceEnd{OwnedValue(*slice.find("end")), slice.get_int("keys")});
}

Result<std::optional<OwnedValue>> first_id(mongo::Client& client, const DocumentTask& task,
                                           int direction) {
  Document command =
      make_document("find", task.collection(), "sort", make_document("_id", direction),
                    "projection", make_document("_id", 1), "limit", 1);
  command.append("singleBatch", true).append("hint", make_document("_id", 1));
  Document reply = TRY(client.run(task.database, command));
  auto id = reply.view().at_path("cursor.firstBatch.0._id");
  if (!id) return std::optional<OwnedValue>();
  return std::optional<OwnedValue>(OwnedValue(*id));
}

}  // namespace

Result<IdExtent> read_extent(mongo::Client& client, const DocumentTask& task) {
  IdExtent extent;
  extent.first = TRY(first_id(client, task, 1));
  extent.last = TRY(first_id(client, task, -1));
  return extent;
}

Status add_range(mongo::Client& client, const DocumentTask& task, const Range& range) {
  Ranges ranges(client, task.database);
  Runs runs(client, task.database);
  if (task.strategy != Strategy::kTransaction) {
    TRY(runs.assert_epoch(task.key.run, range.epoch, nullptr));
    return ranges.add(task.key, range, nullptr);
  }
  mongo::Session session = TRY(mongo::Session::start(client));
  TRY(session.begin());
  TRY(runs.assert_epoch(task.key.run, range.epoch, &session));
  TRY(ranges.add(task.key, range, &session));
  return session.commit();
}

RangeQueue::RangeQueue(const DocumentTask& task, const StepState& state, int64_t epoch,
                       std::vector<Range> existing, const Stop& stop)
    : task_(task), epoch_(epoch), stop_(stop), last_(state.last), lanes_(task.workers) {
  if (state.first) frontier_ = Bound{*state.first, true};
  for (Range& range : existing) {
    next_number_ = range.number + 1;
    if (!range.is_beside_slices()) {
      frontier_ = Bound{range.hi, false};
      carved_keys_ += range.keys;
    }
    range.epoch = epoch;
    if (!range.done) open_.push_back(std::move(range));
  }
}

Result<std::optional<Range>> RangeQueue::take() {
  std::unique_lock guard(mutex_);
  changed_.wait(guard, [&] { return !open_.empty() || !carving_; });
  if (open_.empty() && failure_) return *failure_;
  if (open_.empty()) return std::optional<Range>();
  Range range = std::move(open_.front());
  open_.pop_front();
  changed_.notify_all();
  return std::optional<Range>(std::move(range));
}

void RangeQueue::join() {
  std::lock_guard guard(mutex_);
  ++lanes_;
}

void RangeQueue::leave() {
  std::lock_guard guard(mutex_);
  --lanes_;
  changed_.notify_all();
}

bool RangeQueue::wait_until_wanted() {
  std::unique_lock guard(mutex_);
  changed_.wait(guard, [&] { return open_.empty() || lanes_ == 0; });
  return lanes_ > 0;
}

void RangeQueue::carve_ahead(mongo::Client& client) {
  std::optional<Error> failure;
  while (frontier_ && last_ && wait_until_wanted()) {
    auto range = carve(client);
    if (!range) failure = std::move(range).error();
    if (!range || !*range) break;
    std::lock_guard guard(mutex_);
    open_.push_back(std::move(**range));
    changed_.notify_all();
  }
  std::lock_guard guard(mutex_);
  failure_ = std::move(failure);
  carving_ = false;
  changed_.notify_all();
}

int64_t RangeQueue::slice_keys() const {
  int64_t left = std::max<int64_t>(0, task_.facts.documents - carved_keys_);
  int64_t keys = std::min(std::max(left / (task_.workers * 2), kFewestKeys),
                          std::max<int64_t>(kMostKeys, task_.limits.docs));
  if (task_.facts.average_bytes > 0) {
    keys = std::min(keys, kMostBytesRead / task_.facts.average_bytes);
  }
  return std::max<int64_t>(keys, 1);
}

Result<std::optional<Range>> RangeQueue::carve(mongo::Client& client) {
  auto end = TRY(retry_transient(
      stop_, [&] { return find_slice_end(client, task_, *frontier_, *last_, slice_keys()); }));
  if (!end) {
    frontier_.reset();
    return std::optional<Range>();
  }
  Range range;
  range.number = next_number_;
  range.lo = frontier_->value;
  range.lo_included = frontier_->included;
  range.hi = end->id;
  range.keys = end->keys;
  range.epoch = epoch_;
  TRY(retry_transient(stop_, [&] { return add_range(client, task_, range); }));
  ++next_number_;
  carved_keys_ += end->keys;
  frontier_ = Bound{end->id, false};
  return std::optional<Range>(std::move(range));
}

}  // namespace whimbrel
