#include "flow/plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "engine/single_transaction.h"
#include "flow/backup_before.h"
#include "flow/gate.h"
#include "flow/plan_bond.h"
#include "flow/plan_sample.h"
#include "flow/schedule.h"

namespace whimbrel {

namespace {

constexpr const char* kScriptGuarantee =
    "runs once, as a whole; what an interrupted script has written stays, and whimbrel asks before "
    "it "
    "runs again";
constexpr const char* kScriptTransaction =
    "all or nothing: what it does through its db and client is one transaction";
constexpr int64_t kMuchJournal = int64_t{10} << 30;

Status add_sample(Project& project, const DocumentTask& task, PlannedStep& planned) {
  PlanSample sample = TRY(sample_change(project, task));
  planned.sample = std::move(sample.lines);
  for (std::string& warning : sample.warnings) planned.warnings.push_back(std::move(warning));
  return {};
}

std::string lanes_reason(const Project& project, const Step& step,
                         const EngineOverrides& overrides) {
  if (overrides.workers) return "asked for by --workers";
  if (step.workers) return "asked for by the step";
  if (project.config.engine.workers != 1) return "asked for by engine.workers";
  return "one lane until more are asked for; ranges are disjoint, so more are safe";
}

std::string down_of(const Migration& migration, const Step& step, const DocumentTask& task) {
  bool script = std::holds_alternative<TransformStep>(step.body);
  if (migration.down == DownKind::kSteps)
    return script ? "revert(doc, ctx) for every document" : "the file's own `down:` steps";
  if (step.irreversible) return "nothing: irreversible";
  if (!task.step.journal) return "nothing: no journal";
  return "restores every document from the journal, unless it was changed since";
}

void add_warnings(const Project& project, const DocumentTask& task, PlannedStep& planned) {
  if (!task.facts.exists) planned.warnings.push_back("there is no such collection");
  if (task.strategy == Strategy::kPlain && planned.matched.value_or(1) > 0 &&
      !project.client.server().has_documents_stage()) {
    planned.warnings.push_back(
        "whether `where` keeps finished documents out is checked when `up` starts");
  }
  if (planned.matched && *planned.matched > 0 && task.facts.documents > 2 * *planned.matched) {
    planned.warnings.push_back(fmt::format(
        "of {:.1f} documents that it reads it changes one: ranges go along `_id`, whatever indexes "
        "there are, so it takes as long as reading the whole collection",
        static_cast<double>(task.facts.documents) / static_cast<double>(*planned.matched)));
  }
  bool heavy = task.facts.documents * task.facts.average_bytes > kMuchJournal;
  if (heavy && task.step.journal) planned.warnings.push_back("the journal may grow to several GiB");
}

Result<PlannedStep> plan_documents(Project& project, const Migration& migration, const Step& step,
                                   int index, const EngineOverrides& overrides) {
  PlannedStep planned;
  planned.is_document_step = true;
  auto* update = std::get_if<UpdateStep>(&step.body);
  bool side_effect_free = update && update->with.is_pipeline;
  DocumentTask task = TRY(plan_task(project, migration, step, {mongo::new_object_id(), index},
                                    overrides, side_effect_free ? Probe::kYes : Probe::kNo));
  planned.documents = task.facts.documents;
  planned.matched = count_matched(project, task);
  planned.reads = reads_of_a_batch(project, task);
  planned.guarantee = migration.transaction
                          ? "all or nothing: the whole migration is one transaction"
                          : guarantee(task, project.client.server());
  planned.strategy = to_text(task.strategy);
  planned.lanes = migration.transaction ? 1 : task.workers;
  planned.lanes_reason =
      migration.transaction ? "a transaction is one lane" : lanes_reason(project, step, overrides);
  planned.batch = task.limits;
  planned.down = down_of(migration, step, task);
  if (task.target() != task.collection()) planned.target = task.target();
  add_warnings(project, task, planned);
  TRY(add_sample(project, task, planned));
  return planned;
}

std::string script_down(const Migration& migration) {
  return migration.down == DownKind::kSteps ? "its own down(db, client)"
                                            : "nothing: it has no down()";
}

std::string structural_down(const Migration& migration, const Step& step) {
  if (std::holds_alternative<ScriptStep>(step.body)) return script_down(migration);
  if (migration.down == DownKind::kSteps) return "the file's own `down:` steps";
  if (step.irreversible) return "nothing: irreversible";
  if (std::holds_alternative<InsertStep>(step.body))
    return "removes the documents, unless they were changed since";
  if (std::holds_alternative<CreateIndexesStep>(step.body))
    return "drops the indexes that were not there before";
  if (std::holds_alternative<DropIndexesStep>(step.body)) return "creates the indexes again";
  if (std::holds_alternative<CreateCollectionStep>(step.body))
    return "drops the collection if it is empty";
  if (std::holds_alternative<RenameCollectionStep>(step.body)) return "renames it back";
  if (std::holds_alternative<CollModStep>(step.body)) return "puts the earlier options back";
  return "runs its `reverse`";
}

Result<PlannedMigration> plan_migration(Project& project, const Todo& todo,
                                        const EngineOverrides& overrides) {
  PlannedMigration planned;
  planned.file = todo.migration.file;
  planned.description = todo.migration.description;
  planned.resumes = todo.open.has_value();
  if (todo.open) planned.done = todo.open->counts().scanned;
  int index = 0;
  for (const Step& step : todo.migration.steps) {
    PlannedStep one;
    if (step.is_document_step())
      one = TRY(plan_documents(project, todo.migration, step, index, overrides));
    else one.down = structural_down(todo.migration, step);
    if (std::holds_alternative<ScriptStep>(step.body))
      one.guarantee = todo.migration.transaction ? kScriptTransaction : kScriptGuarantee;
    one.kind = step.kind;
    one.collection = step.collection();
    if (auto* rename = std::get_if<RenameCollectionStep>(&step.body)) one.target = rename->to;
    planned.steps.push_back(std::move(one));
    ++index;
  }
  return planned;
}

/// Documents that its steps will change; nullopt when one was not counted.
std::optional<int64_t> matched_by(const PlannedMigration& planned) {
  int64_t matched = 0;
  for (const PlannedStep& step : planned.steps) {
    if (!step.is_document_step) continue;
    if (!step.matched) return std::nullopt;
    matched += *step.matched;
  }
  return matched;
}

/// The log has more in it than the oplog, but a run that fills half of it is worth a look.
void warn_of_oplog(const std::optional<OplogRoom>& oplog, const PlannedMigration& planned,
                   std::vector<std::string>& notes) {
  if (!oplog || !planned.expected || !planned.expected->log_bytes) return;
  if (*planned.expected->log_bytes < oplog->bytes / 2) return;
  notes.push_back(fmt::format(
      "{}: it may write {} to the log, and the oplog holds {}: a secondary that is away meanwhile "
      "may have to be synchronised anew; a larger oplog helps (replSetResizeOplog), or a slower "
      "run",
      planned.file, bytes_text(*planned.expected->log_bytes), bytes_text(oplog->bytes)));
}

void note_missing(const Project& project, const Migration& migration,
                  const std::vector<EvidenceRecord>& records, std::vector<std::string>& notes) {
  for (const MissingEvidence& one : missing_evidence(project, migration, records)) {
    if (one.requirement == "backup" && backs_up_first(project.config)) continue;
    notes.push_back(fmt::format("{}: `up` will be refused: {}: {}; {}", migration.file,
                                one.requirement, one.why, one.command));
  }
}

void add_schedule(const std::vector<Todo>& pending, UpPlan& plan) {
  std::vector<const Migration*> migrations;
  for (const Todo& todo : pending) migrations.push_back(&todo.migration);
  std::vector<Slot> slots = schedule_of(migrations);
  for (size_t i = 0; i < slots.size(); ++i) {
    for (size_t other : slots[i].after) {
      plan.migrations[i].after.push_back(migrations[other]->file);
    }
    plan.migrations[i].after_why = slots[i].why;
  }
}

ExpectedWork work_of(const UpPlan& plan) {
  ExpectedWork work;
  for (const PlannedMigration& planned : plan.migrations) {
    if (planned.expected) {
      work.p50 += planned.expected->estimate.p50;
      work.p90 += planned.expected->estimate.p90;
    } else if (matched_by(planned).value_or(1) > 0 && planned.has_document_step()) {
      work.unknown.push_back(planned.file);
    }
  }
  return work;
}

}  // namespace

bool PlannedMigration::has_document_step() const {
  return std::any_of(steps.begin(), steps.end(),
                     [](const PlannedStep& step) { return step.is_document_step; });
}

Result<UpPlan> plan_up(Project& project, const Selection& selection,
                       const EngineOverrides& overrides, const TimeLimits& limits) {
  History history = TRY(read_history(project));
  UpPlan plan{project.database,
              project.client.server().version,
              project.client.server().topology_text(),
              project.config.environment,
              oplog_room(project),
              {},
              limits,
              Windows::Time(std::chrono::milliseconds(project.client.server_time())),
              {},
              {},
              {}};
  for (const std::string& option : project.config.unmapped_options) {
    plan.notes.push_back(
        fmt::format("mongodb.options.{} reaches the project's driver; whimbrel's own connection "
                    "has no such option",
                    option));
  }
  std::vector<Todo> pending = TRY(choose_pending(project, history, selection));
  plan.bond = plan_bond(project, selection, overrides, pending);
  for (const Todo& todo : pending) {
    plan.migrations.push_back(TRY(plan_migration(project, todo, overrides)));
    PlannedMigration& planned = plan.migrations.back();
    auto records = TRY(read_gate_evidence(project, todo.migration.hash));
    planned.expected = expectation(records, matched_by(planned));
    warn_of_oplog(plan.oplog, planned, plan.notes);
    Status runs_here = check_transactions(project.client, todo.migration);
    if (!runs_here) plan.notes.push_back("`up` will be refused: " + runs_here.error().message);
    if (!todo.open) note_missing(project, todo.migration, records, plan.notes);
  }
  add_schedule(pending, plan);
  if (!plan.migrations.empty()) plan.end = expected_end(work_of(plan), limits, plan.now);
  return plan;
}

}  // namespace whimbrel
