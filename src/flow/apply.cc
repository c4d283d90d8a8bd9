#include "flow/apply.h"

#include <fmt/format.h>

#include "base/retry.h"
#include "base/text.h"
#include "engine/checks.h"
#include "engine/document_step.h"
#include "engine/script_host.h"
#include "engine/single_transaction.h"
#include "flow/sampling.h"
#include "flow/script_step.h"
#include "flow/script_transaction.h"
#include "state/quarantine.h"

namespace whimbrel {

using mongo::Document;
using mongo::make_document;

namespace {

using Clock = std::chrono::steady_clock;

/// From here on the database knows of the run: started without finished is what a resumption looks
/// for. The audit knows of it before.
Result<Run> open_run(const UpSetting& setting, const Migration& migration,
                     const std::optional<Run>& open) {
  Project& project = setting.project;
  Runs runs(project.client, project.database);
  Run run = open.value_or(Run{});
  run.epoch = setting.lock.epoch();
  run.process = this_process();
  run.state = RunState::kRunning;
  run.message.clear();
  run.log_file = setting.reporter.log_file();
  run.block = setting.block;
  if (open) {
    TRY(write_audit(project, about_run(AuditAction::kRunResumed, run, setting.given)));
    TRY(runs.take_up(run, *open));
    TRY(Ranges(project.client, project.database).fence(run.id, run.epoch));
    return run;
  }
  run.id = mongo::new_object_id();
  run.file = migration.file;
  run.hash = migration.hash;
  run.steps = fresh_steps(migration.steps);
  TRY(write_audit(project, about_run(AuditAction::kRunStarted, run, setting.given)));
  TRY(runs.start(run));
  return run;
}

/// The copy's target is made beforehand: collections are not made inside transactions of several
/// lanes.
Status make_target(Project& project, const DocumentTask& task, StepState& state) {
  if (task.target() == task.collection()) return {};
  CollectionFacts target = TRY(read_facts(project.client, project.database, task.target()));
  if (target.exists) return {};
  state.undo = make_document("created", true);
  auto made = project.client.run(project.database, make_document("create", task.target()));
  if (!made) return std::move(made).error();
  return {};
}

void report_quarantine(const UpSetting& setting, const DocumentTask& task) {
  auto documents = Quarantine(setting.project.client, task.database).read(task.key.run, 1000);
  if (!documents) return;
  for (const QuarantinedDocument& document : *documents) {
    setting.reporter.document_error(task.migration, document.id.value().to_json(),
                                    document.message);
  }
}

void report_residual(const UpSetting& setting, const DocumentTask& task, const StepState& state) {
  if (state.residual.value_or(0) == 0) return;
  setting.reporter.say(
      "warning",
      fmt::format("{}: {} documents of {} still match `where`: they are in quarantine, or the "
                  "application wrote them meanwhile; for the latter, once it no longer does: "
                  "whimbrel create NAME --document, with the same step",
                  task.migration, with_commas(*state.residual), task.collection()));
}

Status run_documents(const UpSetting& setting, const Migration& migration, Run& run, int index) {
  Project& project = setting.project;
  const Step& step = migration.steps[static_cast<size_t>(index)];
  StepState& state = run.steps[static_cast<size_t>(index)];
  DocumentTask task =
      TRY(plan_task(project, migration, step, {run.id, index}, setting.overrides, Probe::kYes));
  keep_strategy(task, state);
  task.max_errors = TRY(error_budget_of_run(project, step, setting.overrides, task));
  if (!task.facts.exists) {
    setting.reporter.say(
        "warning", fmt::format("{}: there is no collection {}", migration.file, task.collection()));
  }
  TRY(make_target(project, task, state));
  Progress progress;
  setting.reporter.step_started(migration.file, step.kind + " " + task.collection(), progress);
  Sampling sampling(project.client, project.database, task.key, task.facts.documents, progress);
  Status ended =
      run_document_step(project.client, task, run, progress, setting.stop, setting.throttle);
  sampling.finish();
  setting.reporter.step_ended();
  state.busy_seconds += static_cast<double>(progress.busy_us) / 1e6;
  if (state.counts.quarantined > 0) report_quarantine(setting, task);
  if (ended) report_residual(setting, task, state);
  auto* transform = std::get_if<TransformStep>(&step.body);
  return ended && transform && transform->checks ? check_script(task, setting.stop)
                                                 : std::move(ended);
}

Status run_step(const UpSetting& setting, const Migration& migration, Run& run, int index) {
  Project& project = setting.project;
  const Step& step = migration.steps[static_cast<size_t>(index)];
  TRY(setting.lock.assert_held(project.client, nullptr));
  if (step.is_document_step()) {
    TRY(run_documents(setting, migration, run, index));
  } else if (std::holds_alternative<ScriptStep>(step.body)) {
    TRY(run_script_step(setting, migration, step, run, index));
  } else {
    TRY(apply_structural_step(project.client, {{run.id, index}, project.database, step}, run,
                              setting.in_doubt));
  }
  TRY(run_checks(project.client, project.database, step.collection(), step.checks));
  run.steps[static_cast<size_t>(index)].progress = StepState::Progress::kDone;
  return Runs(project.client, project.database).save_step(run, static_cast<size_t>(index));
}

/// What is no batch begins where a batch might.
void pass(const UpSetting& setting) {
  Throttle::Turn allowed(setting.throttle, setting.stop);
}

Status run_steps(const UpSetting& setting, const Migration& migration, Run& run) {
  for (int index = 0; index < static_cast<int>(migration.steps.size()); ++index) {
    const Step& step = migration.steps[static_cast<size_t>(index)];
    if (run.steps[static_cast<size_t>(index)].progress == StepState::Progress::kDone) continue;
    pass(setting);
    if (setting.stop.requested()) return setting.stop.error();
    Status done = run_step(setting, migration, run, index);
    if (done) continue;
    Error error = std::move(done).error();
    bool names_file = step.is_document_step() || std::holds_alternative<ScriptStep>(step.body);
    if (names_file || error.kind != ErrorKind::kFailed) return error;
    return std::move(error).while_doing(
        fmt::format("{}:{}: {} {}", migration.file, step.line, step.kind, step.collection()));
  }
  return {};
}

ChangelogEntry changelog_entry(const Run& run) {
  ChangelogEntry entry;
  entry.file = run.file;
  entry.hash = run.hash;
  entry.block = run.block;
  entry.run = run.id;
  entry.documents = run.counts().scanned;
  entry.errors = run.counts().quarantined;
  entry.seconds = run.seconds;
  return entry;
}

Status write_record(const UpSetting& setting, const Run& run, mongo::Session* session) {
  Project& project = setting.project;
  TRY(assert_ours(setting, run, session));
  Changelog changelog(project.client, project.database, project.config.changelog_collection);
  TRY(changelog.add(changelog_entry(run), project.config.use_file_hash, session));
  TRY(Runs(project.client, project.database).save_state(run, session));
  AuditRecord record = about_run(AuditAction::kRunEnded, run);
  record.outcome = AuditOutcome::kDone;
  return write_audit_of_end(project, std::move(record), session);
}

/// A script that was cut off: it is as if we had been killed.
bool script_is_in_doubt(const Run& run) {
  return is_script_run(run) && run.steps.front().progress == StepState::Progress::kRunning;
}

void save_failure(const UpSetting& setting, Run& run, const Error& error) {
  Project& project = setting.project;
  bool interrupted = ended_in_good_order(error) || script_is_in_doubt(run);
  if (error.kind != ErrorKind::kLockHeld) {  // else the run is somebody else's now
    run.state = interrupted ? RunState::kInterrupted : RunState::kFailed;
    run.message = error.message;
    (void)Runs(project.client, project.database).save_state(run);
  }
  AuditRecord record = failed_record(about_run(AuditAction::kRunEnded, run), error);
  if (interrupted) record.outcome = AuditOutcome::kInterrupted;
  (void)write_audit(project, std::move(record));
}

/// `transaction: true`: steps, checks and record commit together or not at all.
Status apply_in_one_transaction(const UpSetting& setting, const Migration& migration, Run& run) {
  Project& project = setting.project;
  std::vector<DocumentTask> tasks;
  for (int index = 0; index < static_cast<int>(migration.steps.size()); ++index) {
    const Step& step = migration.steps[static_cast<size_t>(index)];
    if (!step.is_document_step()) {
      tasks.push_back({.key = {run.id, index},
                       .migration = run.file,
                       .database = project.database,
                       .step = step,
                       .facts = {},
                       .limits = {}});
      continue;
    }
    tasks.push_back(
        TRY(plan_task(project, migration, step, {run.id, index}, setting.overrides, Probe::kNo)));
    TRY(make_target(project, tasks.back(), run.steps[static_cast<size_t>(index)]));
  }
  pass(setting);
  if (setting.stop.requested()) return setting.stop.error();
  auto started = Clock::now();
  return run_in_one_transaction(project.client, tasks, run, [&](mongo::Session& session) {
    run.state = RunState::kDone;
    run.seconds = std::chrono::duration<double>(Clock::now() - started).count();
    return write_record(setting, run, &session);
  });
}

/// `transaction: true` in a script: what it does and its record commit together or not at all.
Status apply_script_in_transaction(const UpSetting& setting, const Migration& migration, Run& run) {
  if (TRY(is_passed_over(setting, migration, run, 0))) {
    run.state = RunState::kDone;
    return write_together(
        setting, [&](mongo::Session* session) { return write_record(setting, run, session); });
  }
  pass(setting);
  if (setting.stop.requested()) return setting.stop.error();
  auto started = Clock::now();
  double before = run.seconds;
  return run_script_transaction(setting, migration, run, 0, [&](mongo::Session& session) {
    run.state = RunState::kDone;
    run.seconds = before + std::chrono::duration<double>(Clock::now() - started).count();
    return write_record(setting, run, &session);
  });
}

}  // namespace

Result<Run> apply_migration(const UpSetting& setting, const Migration& migration,
                            const std::optional<Run>& open) {
  auto started = Clock::now();
  Run run = TRY(open_run(setting, migration, open));
  double before = run.seconds;
  Status done;
  if (is_transactional_script(migration)) {
    done = apply_script_in_transaction(setting, migration, run);
  } else if (migration.transaction) {
    done = apply_in_one_transaction(setting, migration, run);
  } else {
    done = run_steps(setting, migration, run);
    run.seconds = before + std::chrono::duration<double>(Clock::now() - started).count();
    if (done) {
      run.state = RunState::kDone;
      done = write_together(
          setting, [&](mongo::Session* session) { return write_record(setting, run, session); });
    }
  }
  if (!done) {
    // What it has become may stand in the database already.
    if (done.error().retry == Retry::kUnknownCommit) return std::move(done).error();
    save_failure(setting, run, done.error());
    return std::move(done).error();
  }
  setting.reporter.migration_done(Direction::kUp, run.file, run.counts(), run.seconds);
  return run;
}

std::vector<StepState> fresh_steps(const std::vector<Step>& of) {
  std::vector<StepState> steps;
  for (const Step& step : of) {
    StepState state;
    state.kind = step.kind;
    state.collection = step.collection();
    steps.push_back(std::move(state));
  }
  return steps;
}

std::vector<StepState> all_fresh_steps(const Migration& migration) {
  std::vector<StepState> steps = fresh_steps(migration.steps);
  for (StepState& state : fresh_steps(migration.down_steps)) steps.push_back(std::move(state));
  return steps;
}

Status assert_ours(const UpSetting& setting, const Run& run, mongo::Session* session) {
  mongo::Client& client = setting.project.client;
  if (!session) return setting.lock.assert_held(client, nullptr);
  TRY(setting.lock.look(client));
  return Runs(client, setting.project.database).assert_epoch(run.id, setting.lock.epoch(), session);
}

Status write_together(const UpSetting& setting,
                      const std::function<Status(mongo::Session*)>& write) {
  mongo::Client& client = setting.project.client;
  if (!client.server().has_transactions()) return write(nullptr);
  return retry_transient(setting.stop, [&]() -> Status {
    auto session = TRY(mongo::Session::start(client));
    TRY(session.begin());
    TRY(write(&session));
    return session.commit();
  });
}

Status ensure_state_collections(Project& project) {
  constexpr int kNamespaceExists = 48;
  // Journal frames are compressed already.
  const Document raw =
      Document::from_json(
          R"({"storageEngine": {"wiredTiger": {"configString": "block_compressor=none"}}})")
          .value();
  for (const std::string& name :
       {std::string(kRunsCollection), std::string(kRangesCollection),
        std::string(kJournalCollection), std::string(kErrorsCollection),
        std::string(kAuditCollection), project.config.changelog_collection}) {
    Document create = make_document("create", name);
    if (name == kJournalCollection) create.append_all(raw);
    auto made = project.client.run(project.database, create);
    if (!made && made.error().server_code != kNamespaceExists) return std::move(made).error();
  }
  return {};
}

}  // namespace whimbrel
