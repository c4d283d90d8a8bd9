#include "engine/single_transaction.h"

#include <fmt/format.h>

#include "engine/checks.h"
#include "engine/range_queue.h"
#include "engine/sinks.h"
#include "engine/source.h"
#include "engine/swap.h"
#include "mongo/error.h"

namespace whimbrel {

using mongo::make_document;
using mongo::View;

namespace {

constexpr int kMostAttempts = 3;
constexpr int kAllDocuments = 5000;

/// The main line over one range that is the whole collection.
Status migrate_documents(mongo::Client& client, const DocumentTask& task, StepState& state,
                         mongo::Session& session) {
  if (!state.last) return {};
  auto source = collection_source(client, task, Fetch::kDocuments);
  bool copies = std::holds_alternative<CopyStep>(task.step.body);
  auto transform = copies ? image_transform(client, task) : server_transform();
  ErrorBudget none(Throttle::none(), 0, 0);
  BudgetShare budget(none);
  auto sink = transaction_sink(client, task, budget);
  Range range;
  range.lo = *state.first;
  range.lo_included = true;
  range.hi = *state.last;
  TRY(Ranges(client, task.database).add(task.key, range, &session));
  while (!range.done) {
    Batch batch = TRY(source->next(range, kAllDocuments, task.limits.bytes, &session));
    Changes changes = TRY(transform->apply(batch.before));
    Checkpoint checkpoint = TRY(sink->write(range, batch, changes, &session));
    range = advanced(std::move(range), checkpoint);
  }
  state.counts = range.counts;
  return {};
}

Status insert_documents(mongo::Client& client, const DocumentTask& task, mongo::Session& session) {
  const InsertStep& step = std::get<InsertStep>(task.step.body);
  mongo::Collection collection(client, task.database, step.collection);
  JournalEntry entry;
  std::vector<Replacement> inserts;
  for (const mongo::Document& document : step.documents) {
    mongo::Value id = *document.view().find("_id");
    inserts.push_back({id, View(), document});
    entry.before.add(make_document("_id", id));
    entry.after.push_back(mongo::digest_of(document));
  }
  TRY(swap_in_transaction(collection, inserts, session));
  Journal journal(client, task.database);
  (void)TRY(journal.add(task.key, entry, entry.before.views(), &session));
  return {};
}

Status run_task(mongo::Client& client, const DocumentTask& task, Run& run,
                mongo::Session& session) {
  StepState& state = run.steps[static_cast<size_t>(task.key.step)];
  if (task.step.is_document_step()) TRY(migrate_documents(client, task, state, session));
  else TRY(insert_documents(client, task, session));
  TRY(run_checks(client, task.database, task.step.collection(), task.step.checks, &session));
  state.progress = StepState::Progress::kDone;
  state.strategy = to_text(Strategy::kTransaction);
  return Runs(client, task.database).save_step(run, static_cast<size_t>(task.key.step), &session);
}

Status attempt(mongo::Client& client, const std::vector<DocumentTask>& tasks, Run& run,
               const std::function<Status(mongo::Session&)>& record) {
  for (const DocumentTask& task : tasks) {
    if (!task.step.is_document_step()) continue;
    IdExtent extent = TRY(read_extent(client, task));
    StepState& state = run.steps[static_cast<size_t>(task.key.step)];
    state.first = extent.first;
    state.last = extent.last;
    state.total = task.facts.documents;
  }
  auto session = TRY(mongo::Session::start(client));
  TRY(session.begin());
  for (const DocumentTask& task : tasks) TRY(run_task(client, task, run, session));
  TRY(record(session));
  return session.commit();
}

}  // namespace

Status check_transactions(const mongo::Client& client, const Migration& migration) {
  if (!migration.transaction || client.server().has_transactions()) return {};
  bool script =
      !migration.steps.empty() && std::holds_alternative<ScriptStep>(migration.steps.front().body);
  return Error{ErrorKind::kBadMigration,
               fmt::format("{}: transaction: true needs a replica set or a sharded cluster; this "
                           "is a standalone server",
                           migration.file),
               script ? "leave `transaction` out: what it did before it fails then stays"
                      : "leave `transaction` out: without it each batch is safe by itself"};
}

Status run_in_one_transaction(mongo::Client& client, const std::vector<DocumentTask>& tasks,
                              Run& run, const std::function<Status(mongo::Session&)>& record) {
  if (!tasks.empty()) TRY(Runs(client, tasks.front().database).mark_whole(run.id));
  Run fresh = run;
  for (int number = 1;; ++number) {
    run = fresh;
    Status done = attempt(client, tasks, run, record);
    if (done) return done;
    bool again = done.error().retry == Retry::kTransient || done.error().retry == Retry::kConflict;
    if (again && number < kMostAttempts && !mongo::lived_too_long(done.error())) continue;
    run = fresh;
    return std::move(done)
        .error()
        .while_doing(run.file + ": the transaction was rolled back")
        .or_hint(
            "nothing was changed; if it was too long for one transaction, leave `transaction` out");
  }
}

}  // namespace whimbrel
