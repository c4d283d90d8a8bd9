#include "engine/lane.h"

#include <algorithm>
#include <cmath>

#include "base/retry.h"
#include "engine/script_transform.h"
#include "engine/sinks.h"
#include "engine/source.h"
#include "mongo/error.h"
#include "state/quarantine.h"

namespace whimbrel {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// Longer than an election and a restart of the server take.
constexpr std::chrono::seconds kPatience{120};
// A commit that waits for a majority stands idle for milliseconds. Data, journal and checkpoint
// commit together, so a change of primary takes a batch back whole and the lane goes on from there;
// waiting every few batches keeps secondaries from falling behind.
constexpr int kBatchesPerWait = 8;
constexpr std::chrono::milliseconds kFirstWait{10};
constexpr std::chrono::milliseconds kLongestWait{1000};

bool is_script(const DocumentTask& task) {
  return std::holds_alternative<TransformStep>(task.step.body);
}

std::unique_ptr<Source> source_for(mongo::Client& client, const DocumentTask& task) {
  if (task.strategy == Strategy::kLedger) return resuming_source(client, task);
  bool ids = task.strategy == Strategy::kPlain && !is_script(task);
  return collection_source(client, task, ids ? Fetch::kIdsOnly : Fetch::kDocuments);
}

std::unique_ptr<Transform> transform_for(mongo::Client& client, const LaneShared& shared) {
  const DocumentTask& task = shared.task;
  bool transactions = task.strategy == Strategy::kTransaction;
  if (is_script(task) && transactions) return script_transform(task, shared.stop);
  if (is_script(task)) return script_image_transform(client, task, shared.stop);
  bool copies = std::holds_alternative<CopyStep>(task.step.body);
  bool needs_images = copies || task.strategy == Strategy::kLedger;
  return needs_images ? image_transform(client, task) : server_transform();
}

std::unique_ptr<Sink> sink_for(mongo::Client& client, const DocumentTask& task,
                               Transform& transform, BudgetShare& budget) {
  switch (task.strategy) {
    case Strategy::kTransaction:
      return transaction_sink(client, task, budget);
    case Strategy::kLedger:
      return ledger_sink(client, task, transform, budget);
    case Strategy::kPlain:
      break;
  }
  // Without transactions only guards keep what the application writes beside a script.
  return is_script(task) ? ledger_sink(client, task, transform, budget) : plain_sink(client, task);
}

}  // namespace

Lane::Lane(std::unique_ptr<mongo::Client> client, const LaneShared& shared, ApplicationWatch& watch)
    : client_(std::move(client)),
      shared_(shared),
      watch_(watch),
      size_(shared.task.limits),
      budget_(shared.budget),
      source_(source_for(*client_, shared.task)),
      transform_(transform_for(*client_, shared)),
      sink_(sink_for(*client_, shared.task, *transform_, budget_)) {}

Status Lane::run() {
  Status worked = work();
  Status finished = transform_->finish();
  return worked ? std::move(finished) : std::move(worked);
}

Status Lane::work() {
  if (shared_.task.strategy == Strategy::kTransaction) {
    session_.emplace(TRY(mongo::Session::start(*client_)));
  }
  while (auto range = TRY(shared_.ranges.take())) TRY(work_through(std::move(*range)));
  return {};
}

Status Lane::work_through(Range range) {
  size_.look_no_further();
  while (!range.done) {
    if (shared_.stop.requested()) return shared_.stop.error();
    range = TRY(next_batch(range));
  }
  return {};
}

/// The range after it, when the throttle lets it, at the pace that the application bears.
Result<Range> Lane::next_batch(const Range& range) {
  Pace::Duration took;
  Range next;
  {
    Throttle::Turn allowed(shared_.throttle, shared_.stop);
    ApplicationWatch::Turn turn(watch_, shared_.stop);
    if (shared_.stop.requested()) return shared_.stop.error();
    set_pace();
    auto started = Clock::now();
    next = TRY(migrate_safely(range));
    took = Clock::now() - started;
    allowed.documents = next.counts.scanned - range.counts.scanned;
  }
  report(range.counts, next.counts, took);
  shared_.stop.sleep(watch_.pace().rest_after(took) + shared_.throttle.rest_after(took));
  return next;
}

void Lane::set_pace() {
  const Pace& pace = watch_.pace();
  BatchLimits limits = shared_.throttle.now(shared_.task.limits);
  size_.limit(limits);
  Pace::Duration time = limits.time;
  size_.aim_at(pace.knows_application() ? std::min(time, pace.batch_time()) : time);
}

Result<Checkpoint> Lane::migrate_batch(const Range& range) {
  batch_ = Batch();
  batch_ = TRY(source_->next(range, size_.docs(), size_.bytes(), session()));
  Changes changes = TRY(transform_->apply(batch_.before));
  return sink_->write(range, batch_, changes, session());
}

Result<Checkpoint> Lane::attempt(const Range& range) {
  budget_.give_back();  // what a failed attempt took
  TRY(transform_->prepare());
  TRY(begin(range));
  auto checkpoint = migrate_batch(range);
  if (!checkpoint) {
    if (session_) session_->abort();
    return checkpoint;
  }
  TRY(commit());
  budget_.keep();
  return checkpoint;
}

Result<Range> Lane::migrate_safely(const Range& range) {
  Waits waits({kFirstWait, kLongestWait, kPatience});
  while (true) {
    auto checkpoint = attempt(range);
    if (checkpoint) return advanced(range, *checkpoint);
    Error error = std::move(checkpoint).error();
    if (error.retry == Retry::kNo) {
      if (!isolates(error)) return error;
      if (!size_.isolate(static_cast<int>(batch_.before.size()))) return set_aside(range, error);
      continue;
    }
    bool conflict = error.retry == Retry::kConflict;
    if (conflict) ++shared_.progress.conflicts;
    // The same batch would take too long again.
    if (conflict || mongo::was_aborted(error)) size_.conflicted();
    if (waits.over()) return error;
    if (!waits.sleep(shared_.stop)) return shared_.stop.error();
    auto moved = moved_meanwhile(range);
    if (moved && *moved) size_.look_no_further();
    if (moved && *moved) return **std::move(moved);
    if (!moved && moved.error().retry == Retry::kNo) return std::move(moved).error();
  }
}

/// Where the range stands if that is not where we left it: the failed attempt was saved and only
/// its answer lost, or a change of primary took batches back.
Result<std::optional<Range>> Lane::moved_meanwhile(const Range& range) {
  const DocumentTask& task = shared_.task;
  Range now = TRY(Ranges(*client_, task.database).read_one(task.key, range));
  if (now.epoch != range.epoch) return taken_over();
  if (now.batch == range.batch) return std::optional<Range>();
  budget_.give_back();
  shared_.budget.charge(now.counts.quarantined - range.counts.quarantined);
  return std::optional<Range>(std::move(now));
}

/// True for errors that a document of the batch may be to blame for.
bool Lane::isolates(const Error& error) {
  if (batch_.before.empty() || !batch_.open_entries.empty()) return false;
  if (error.blame != Blame::kUnknown) return error.blame == Blame::kBatch;
  return error.kind == ErrorKind::kFailed && error.server_code != 0 &&
         !mongo::is_out_of_room(error);
}

Result<Range> Lane::set_aside(const Range& range, const Error& reason) {
  mongo::Value id = *batch_.before[0].find("_id");
  if (!shared_.budget.take(1)) return document_error(shared_.task.migration, id, reason);
  Checkpoint checkpoint = batch_.checkpoint({.quarantined = 1});
  TRY(retry_transient(shared_.stop, [&] { return record_aside(range, checkpoint, reason); }));
  return advanced(range, checkpoint);
}

Status Lane::record_aside(const Range& range, const Checkpoint& checkpoint, const Error& reason) {
  const DocumentTask& task = shared_.task;
  mongo::View document = batch_.before[0];
  TRY(begin(range));
  TRY(Quarantine(*client_, task.database)
          .add(task.key, task.migration,
               {mongo::OwnedValue(*document.find("_id")), reason.server_code, reason.message,
                mongo::Document(document)},
               session()));
  TRY(Ranges(*client_, task.database)
          .save(task.key, range, checkpoint, mongo::Durability::kMajority, session()));
  return commit();
}

Status Lane::begin(const Range& range) {
  if (!session_) return {};
  session_->abort();  // what a failed attempt may have left open
  bool waits = range.batch % kBatchesPerWait == kBatchesPerWait - 1;
  return session_->begin(waits ? mongo::Durability::kMajority : mongo::Durability::kAcknowledged);
}

Status Lane::commit() {
  return session_ ? session_->commit() : Status();
}

void Lane::report(const Counts& before, const Counts& after, Pace::Duration took) {
  auto docs = static_cast<int>(batch_.before.size());
  size_.took(took, docs);
  Progress& progress = shared_.progress;
  progress.scanned += after.scanned - before.scanned;
  progress.modified += after.modified - before.modified;
  progress.unchanged += after.unchanged - before.unchanged;
  progress.quarantined += after.quarantined - before.quarantined;
  progress.batch_docs = docs;
  progress.makes_way = watch_.pace().knows_application();
  progress.batch_ms = std::lround(took.count());
  progress.busy_us += std::llround(took.count() * 1000);
}

}  // namespace whimbrel
