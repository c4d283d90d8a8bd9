#include "flow/task_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "base/stop.h"
#include "engine/images.h"
#include "engine/scan.h"
#include "engine/script_transform.h"
#include "mongo/collection.h"

namespace whimbrel {

using mongo::Array;
using mongo::Document;
using mongo::make_document;

namespace {

constexpr int kSampleDocuments = 100;
constexpr int kMostAutoWorkers = 4;
constexpr int kCountMilliseconds = 3000;

BatchLimits limits_of(const Config& config, const Step& step, const EngineOverrides& overrides) {
  BatchLimits limits;
  limits.docs = overrides.batch_docs.value_or(step.batch.docs.value_or(config.engine.batch_docs));
  limits.bytes = step.batch.bytes.value_or(config.engine.batch_bytes);
  limits.time = config.engine.batch_time;
  if (step.batch.milliseconds) limits.time = std::chrono::milliseconds(*step.batch.milliseconds);
  return limits;
}

bool is_script(const DocumentTask& task) {
  return std::holds_alternative<TransformStep>(task.step.body);
}

bool is_revert(const DocumentTask& task) {
  auto* transform = std::get_if<TransformStep>(&task.step.body);
  return transform && transform->reverts;
}

Strategy strategy_of(const DocumentTask& task, const mongo::Server& server) {
  bool copies = std::holds_alternative<CopyStep>(task.step.body);
  bool transactions = server.has_transactions() && !task.facts.is_capped;
  // A script reads before it writes: only a transaction keeps what is written in between.
  if (is_script(task) && transactions) return Strategy::kTransaction;
  if (is_revert(task)) return Strategy::kLedger;
  if (!task.step.journal && !copies) return Strategy::kPlain;
  return transactions ? Strategy::kTransaction : Strategy::kLedger;
}

Error refused(const DocumentTask& task, const std::string& why, const std::string& hint) {
  return Error{ErrorKind::kBadMigration,
               fmt::format("{}:{}: {} {}: {}", task.migration, task.step.line, task.step.kind,
                           task.collection(), why),
               hint};
}

Status check_collection(const DocumentTask& task) {
  if (task.facts.is_view) {
    return refused(task, "it is a view, and a view has no `_id` index to go by",
                   "name the collection behind it");
  }
  if (!task.facts.is_time_series) return {};
  return refused(
      task, "it is a time-series collection; the server takes only few updates and deletes there",
      "write a new collection from it with $out in a `command` step");
}

/// What the change makes of `documents`. Documents that a script leaves as they are, or fails at,
/// are not among them: it may be asked about them again.
Result<mongo::DocumentList> changed_images(Project& project, const DocumentTask& task,
                                           const mongo::DocumentList& documents) {
  if (!is_script(task)) return compute_images(project.client, task, documents);
  Changes changes = TRY(try_script(project.client, task, documents, process_stop()));
  mongo::DocumentList images;
  for (const DocumentChange& change : changes.each) images.add(changes.after[*change.after]);
  return images;
}

/// Without a journal only `where` keeps a repeated batch from changing documents twice.
Status check_where_excludes(Project& project, const DocumentTask& task) {
  const char* hint =
      "add a condition such as `where: { migrated: { $ne: true } }` that the change makes "
      "false, or leave `journal` on";
  if (task.where().view().empty()) {
    return refused(task, "journal: off needs a `where` that finished documents no longer match",
                   hint);
  }
  if (!project.client.server().has_documents_stage()) return {};
  auto documents = TRY(matching_documents(project, task, kSampleDocuments));
  auto images = TRY(changed_images(project, task, documents));
  Array literals;
  for (size_t i = 0; i < images.size(); ++i) literals.add(images[i]);
  Document literal, pipeline;
  literal.append_array("$literal", literals.view());
  Array stages;
  stages.add(make_document("$documents", literal)).add(make_document("$match", task.where()));
  stages.add(make_document("$limit", 1));
  Document aggregate = make_document("aggregate", 1);
  aggregate.append_array("pipeline", stages.view()).append("cursor", Document());
  if (images.empty()) return {};
  Document reply = TRY(project.client.run(project.database, aggregate));
  auto still = reply.view().at_path("cursor.firstBatch.0._id");
  if (!still) return {};
  return refused(
      task,
      fmt::format("journal: off needs a `where` that finished documents no longer match; "
                  "document _id {} still does after the change",
                  still->to_json()),
      hint);
}

/// What the lanes need to ask the user's code at `path`.
void give_script(DocumentTask& task, const Project& project, const std::string& path) {
  if (!is_script(task)) return;
  ScriptSetting setting;
  setting.host = project.scripts->host_setting();
  setting.migration = {path, task.migration, task.key.run, project.scripts->driver()};
  setting.transform_timeout = project.config.node.transform_timeout;
  task.script = std::move(setting);
}

}  // namespace

int workers_of(const Config& config, const Step& step, const EngineOverrides& overrides) {
  int asked = overrides.workers.value_or(step.workers.value_or(config.engine.workers));
  return asked > 0 ? asked : auto_workers();
}

int auto_workers() {
  int cores = static_cast<int>(std::thread::hardware_concurrency());
  return std::clamp(cores, 1, kMostAutoWorkers);
}

std::optional<int64_t> count_matched(Project& project, const DocumentTask& task) {
  if (task.where().view().empty()) return task.facts.documents;
  Document group, count = make_document("$sum", 1);
  group.append_null("_id").append("n", count);
  Array stages;
  stages.add(make_document("$match", task.where())).add(make_document("$group", group));
  Document command = make_document("aggregate", task.collection());
  command.append_array("pipeline", stages.view()).append("cursor", Document());
  command.append("maxTimeMS", kCountMilliseconds);
  auto reply = project.client.run(project.database, command);
  if (!reply) return std::nullopt;
  auto found = reply->view().at_path("cursor.firstBatch.0.n");
  return found ? found->as_int() : 0;
}

int64_t error_budget(const Config& config, const Step& step, const EngineOverrides& overrides,
                     int64_t documents) {
  std::optional<int64_t> count = config.engine.max_errors;
  std::optional<double> share = config.engine.max_errors_share;
  if (step.max_errors || step.max_errors_share)
    count = step.max_errors, share = step.max_errors_share;
  if (overrides.max_errors || overrides.max_errors_share)
    count = overrides.max_errors, share = overrides.max_errors_share;
  auto of_all = static_cast<int64_t>(share.value_or(0) * static_cast<double>(documents));
  return std::max(count.value_or(0), of_all);
}

Result<int64_t> error_budget_of_run(Project& project, const Step& step,
                                    const EngineOverrides& overrides, const DocumentTask& task) {
  bool share = error_budget(project.config, step, overrides, task.facts.documents) >
               error_budget(project.config, step, overrides, 0);
  auto matched = share ? count_matched(project, task) : std::nullopt;
  if (!matched) return task.max_errors;
  auto ranges = TRY(Ranges(project.client, task.database).read(task.key));
  return error_budget(project.config, step, overrides, *matched + sum_counts(ranges).scanned);
}

Result<mongo::DocumentList> matching_documents(Project& project, const DocumentTask& task,
                                               int limit) {
  Document find = make_document("find", task.collection(), "filter", task.where(), "limit", limit);
  auto cursor = TRY(mongo::Cursor::open(project.client, project.database, find));
  mongo::DocumentList documents;
  while (auto document = TRY(cursor.next())) documents.add(*document);
  return documents;
}

Result<DocumentTask> plan_task(Project& project, const Migration& migration, const Step& step,
                               const StepKey& key, const EngineOverrides& overrides, Probe probe) {
  DocumentTask task;
  task.key = key;
  task.migration = migration.file;
  task.database = project.database;
  task.step = step;
  task.facts = TRY(read_facts(project.client, project.database, task.collection()));
  TRY(check_collection(task));
  task.workers = workers_of(project.config, step, overrides);
  task.limits = limits_of(project.config, step, overrides);
  task.max_errors = error_budget(project.config, step, overrides, task.facts.documents);
  task.step.journal = step.journal && project.config.engine.journal;
  task.strategy = strategy_of(task, project.client.server());
  // Nobody undoes a `down`; only a ledger needs its journal, to settle an interrupted batch.
  if (is_revert(task)) task.step.journal = task.strategy == Strategy::kLedger;
  give_script(task, project, migration.path);
  bool updates = std::holds_alternative<UpdateStep>(step.body) || is_script(task);
  bool check = updates && task.strategy == Strategy::kPlain && task.facts.exists;
  if (check && probe == Probe::kYes) TRY(check_where_excludes(project, task));
  return task;
}

void keep_strategy(DocumentTask& task, const StepState& state) {
  if (is_script(task) && state.strategy == to_text(Strategy::kTransaction))
    task.step.journal = true;
  if (state.strategy == kUnjournalledTransaction) task.step.journal = false;
  for (Strategy strategy : {Strategy::kLedger, Strategy::kPlain}) {
    if (state.strategy == to_text(strategy)) task.strategy = strategy;
  }
}

std::string guarantee(const DocumentTask& task, const mongo::Server& server) {
  switch (task.strategy) {
    case Strategy::kTransaction:
      if (!task.step.journal) {
        return "exactly once: each batch is one transaction with its checkpoint; no journal, so "
               "`down` cannot restore";
      }
      return "exactly once: each batch is one transaction with its journal and checkpoint";
    case Strategy::kLedger:
      return fmt::format(
          "exactly once: journal first, then guarded writes, then checkpoint ({}); after a crash "
          "each "
          "document of the open batch is compared with its images",
          task.facts.is_capped ? "a capped collection takes no transactions"
                               : "a " + server.topology_text() + " server has no transactions");
    case Strategy::kPlain:
      break;
  }
  return "exactly once by `where`: a finished document no longer matches it; no journal, so `down` "
         "cannot restore";
}

}  // namespace whimbrel
