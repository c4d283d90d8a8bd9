#include "flow/undo_migration.h"

#include <fmt/format.h>

#include "engine/checks.h"
#include "engine/document_step.h"
#include "engine/undo.h"
#include "flow/script_step.h"
#include "flow/script_transaction.h"
#include "state/journal.h"

namespace whimbrel {
namespace {

constexpr size_t kShownExamples = 10;

/// Steps of the written `down:` list follow the migration's own in the run document.
void append_down_steps(const Migration& migration, Run& run) {
  std::vector<StepState> all = all_fresh_steps(migration);
  for (size_t i = run.steps.size(); i < all.size(); ++i) run.steps.push_back(std::move(all[i]));
}

Result<Run> open_undo(const UpSetting& setting, const UndoItem& item) {
  Project& project = setting.project;
  Runs runs(project.client, project.database);
  Run run = item.run;
  bool recorded = !run.id.empty();
  if (!recorded) {
    run.id = mongo::new_object_id();
    run.file = item.migration.file;
    run.hash = item.migration.hash;
  }
  run.epoch = setting.lock.epoch();
  run.process = this_process();
  run.state = RunState::kUndoing;
  run.log_file = setting.reporter.log_file();
  if (item.migration.down == DownKind::kSteps) append_down_steps(item.migration, run);
  AuditAction action =
      item.run.state == RunState::kUndoing ? AuditAction::kDownResumed : AuditAction::kDownStarted;
  TRY(write_audit(project, about_run(action, run, setting.given)));
  if (recorded) TRY(runs.take_up(run, item.run));
  else TRY(runs.start(run));
  TRY(Ranges(project.client, project.database).fence(run.id, run.epoch));
  return run;
}

void add_examples(const std::string& file, const std::vector<mongo::OwnedValue>& ids,
                  DownSummary& summary) {
  for (const mongo::OwnedValue& id : ids) {
    if (summary.examples.size() >= kShownExamples) return;
    summary.examples.push_back(fmt::format("{}: _id {}", file, id.value().to_json()));
  }
}

Status drop_empty_target(const UpSetting& setting, const DocumentTask& task,
                         const StepState& state) {
  if (!state.undo.view().get_bool("created")) return {};
  mongo::Collection target(setting.project.client, task.database, task.target());
  if (TRY(target.find_one(mongo::View()))) return {};
  auto dropped =
      setting.project.client.run(task.database, mongo::make_document("drop", task.target()));
  return dropped || dropped.error().server_code == 26 ? Status()
                                                      : Status(std::move(dropped).error());
}

Status undo_documents(const UpSetting& setting, const UndoItem& item, const Run& run, int index,
                      DownSummary& summary) {
  const Step& step = item.migration.steps[static_cast<size_t>(index)];
  const StepState& state = run.steps[static_cast<size_t>(index)];
  Project& project = setting.project;
  DocumentTask task =
      TRY(plan_task(project, item.migration, step, {run.id, index}, setting.overrides, Probe::kNo));
  keep_strategy(task, state);
  Progress progress;
  setting.reporter.step_started(item.migration.file, "undo " + step.kind + " " + task.target(),
                                progress);
  auto outcome =
      undo_document_step(project.client, task, run, progress, setting.stop, setting.throttle);
  setting.reporter.step_ended();
  if (!outcome) return std::move(outcome).error();
  summary.restored += outcome->restored;
  summary.conflicts += outcome->conflicts;
  add_examples(item.migration.file, outcome->examples, summary);
  return drop_empty_target(setting, task, state);
}

Status undo_step(const UpSetting& setting, const UndoItem& item, Run& run, int index,
                 DownSummary& summary) {
  const Step& step = item.migration.steps[static_cast<size_t>(index)];
  StepState& state = run.steps[static_cast<size_t>(index)];
  if (step.is_document_step()) {
    TRY(undo_documents(setting, item, run, index, summary));
  } else {
    std::vector<mongo::OwnedValue> conflicts;
    TRY(undo_structural_step(setting.project.client,
                             {{run.id, index}, setting.project.database, step}, run, conflicts));
    summary.conflicts += static_cast<int64_t>(conflicts.size());
    add_examples(item.migration.file, conflicts, summary);
  }
  state.progress = StepState::Progress::kUndone;
  return Runs(setting.project.client, setting.project.database)
      .save_step(run, static_cast<size_t>(index));
}

Status undo_by_reverse(const UpSetting& setting, const UndoItem& item, Run& run,
                       DownSummary& summary) {
  for (int index = static_cast<int>(item.migration.steps.size()) - 1; index >= 0; --index) {
    auto progress = run.steps[static_cast<size_t>(index)].progress;
    bool nothing_done =
        progress == StepState::Progress::kPending || progress == StepState::Progress::kUndone;
    if (nothing_done) continue;
    if (setting.stop.requested()) return setting.stop.error();
    TRY(setting.lock.assert_held(setting.project.client, nullptr));
    TRY(undo_step(setting, item, run, index, summary));
  }
  return {};
}

Status run_down_step(const UpSetting& setting, const UndoItem& item, const Step& step, Run& run,
                     int index) {
  Project& project = setting.project;
  if (std::holds_alternative<ScriptStep>(step.body)) {
    return run_script_step(setting, item.migration, step, run, index);
  }
  if (!step.is_document_step()) {
    return apply_structural_step(project.client, {{run.id, index}, project.database, step}, run,
                                 setting.in_doubt);
  }
  DocumentTask task = TRY(
      plan_task(project, item.migration, step, {run.id, index}, setting.overrides, Probe::kYes));
  keep_strategy(task, run.steps[static_cast<size_t>(index)]);
  Progress progress;
  setting.reporter.step_started(item.migration.file, "down: " + step.kind + " " + task.collection(),
                                progress);
  Status ended =
      run_document_step(project.client, task, run, progress, setting.stop, setting.throttle);
  setting.reporter.step_ended();
  return ended;
}

Status undo_by_steps(const UpSetting& setting, const UndoItem& item, Run& run,
                     DownSummary& summary) {
  int own = static_cast<int>(item.migration.steps.size());
  for (int i = 0; i < static_cast<int>(item.migration.down_steps.size()); ++i) {
    const Step& step = item.migration.down_steps[static_cast<size_t>(i)];
    StepState& state = run.steps[static_cast<size_t>(own + i)];
    if (state.progress == StepState::Progress::kDone) continue;
    if (setting.stop.requested()) return setting.stop.error();
    TRY(setting.lock.assert_held(setting.project.client, nullptr));
    TRY(run_down_step(setting, item, step, run, own + i));
    TRY(run_checks(setting.project.client, setting.project.database, step.collection(),
                   step.checks));
    state.progress = StepState::Progress::kDone;
    TRY(Runs(setting.project.client, setting.project.database)
            .save_step(run, static_cast<size_t>(own + i)));
    summary.restored += state.counts.modified;
  }
  return {};
}

Status write_end(const UpSetting& setting, const Run& run, mongo::Session* session) {
  Project& project = setting.project;
  TRY(assert_ours(setting, run, session));
  Changelog changelog(project.client, project.database, project.config.changelog_collection);
  TRY(changelog.remove(run.file, session));
  TRY(Runs(project.client, project.database).save_state(run, session));
  AuditRecord record = about_run(AuditAction::kDownEnded, run);
  record.outcome = AuditOutcome::kDone;
  return write_audit_of_end(project, std::move(record), session);
}

/// `transaction: true` in a script: what its down() does and its record commit together or not at
/// all.
Status undo_in_transaction(const UpSetting& setting, const UndoItem& item, Run& run) {
  auto index = static_cast<int>(item.migration.steps.size());
  auto record = [&](mongo::Session& session) {
    run.state = RunState::kUndone;
    return write_end(setting, run, &session);
  };
  if (!TRY(is_passed_over(setting, item.migration, run, index)))
    return run_script_transaction(setting, item.migration, run, index, record);
  run.state = RunState::kUndone;
  return write_together(setting,
                        [&](mongo::Session* session) { return write_end(setting, run, session); });
}

Status undo_and_record(const UpSetting& setting, const UndoItem& item, Run& run,
                       DownSummary& summary) {
  if (is_transactional_script(item.migration)) return undo_in_transaction(setting, item, run);
  bool written = item.migration.down == DownKind::kSteps;
  TRY(written ? undo_by_steps(setting, item, run, summary)
              : undo_by_reverse(setting, item, run, summary));
  run.state = RunState::kUndone;
  return write_together(setting,
                        [&](mongo::Session* session) { return write_end(setting, run, session); });
}

}  // namespace

Status undo_migration(const UpSetting& setting, const UndoItem& item, DownSummary& summary) {
  auto started = std::chrono::steady_clock::now();
  int64_t restored_before = summary.restored;
  Project& project = setting.project;
  Run run = TRY(open_undo(setting, item));
  Status undone = undo_and_record(setting, item, run, summary);
  if (!undone) {
    if (undone.error().retry == Retry::kUnknownCommit) return undone;
    (void)write_audit(project,
                      failed_record(about_run(AuditAction::kDownEnded, run), undone.error()));
    return undone;
  }
  TRY(Journal(project.client, project.database).remove(run.id));
  TRY(Ranges(project.client, project.database).remove(run.id));
  TRY(Runs(project.client, project.database).mark_journal_removed(run.id));
  Counts counts;
  counts.scanned = counts.modified = summary.restored - restored_before;
  double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  summary.undone.push_back(run.file);
  setting.reporter.migration_done(Direction::kDown, run.file, counts, seconds);
  return {};
}

}  // namespace whimbrel
