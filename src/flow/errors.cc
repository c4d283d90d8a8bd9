#include "flow/errors.h"

#include <fmt/format.h>

#include <algorithm>

#include "flow/audited.h"
#include "flow/history.h"
#include "flow/migration_file.h"

namespace whimbrel {
namespace {

/// Why the run's quarantine cannot be tried again; "" when it can.
std::string obstacle(const Entry* entry, const QuarantinedStep& step) {
  if (!entry || !entry->run || entry->run->id != step.key.run) {
    return "the run was undone or given up; what is recorded are documents that were left as they "
           "are";
  }
  if (entry->run->state != RunState::kDone) return "its run is open: whimbrel up";
  if (!entry->applied) return "it is not applied: whimbrel status";
  if (!entry->file) return "its file is missing: put it back";
  if (entry->run->hash != entry->file->hash) {
    return fmt::format(
        "its file was changed since it was applied: put it back as it was, or take the file as it "
        "is now: whimbrel resolve {} --accept-change",
        entry->name);
  }
  return "";
}

/// From here on nobody else works on this run.
Result<Run> take_over(Project& project, const Lock& lock, Run run) {
  run.epoch = lock.epoch();
  run.process = this_process();
  TRY(Runs(project.client, project.database).save_state(run));
  TRY(Ranges(project.client, project.database).fence(run.id, run.epoch));
  return run;
}

Result<RetryOutcome> retry_step(Project& project, const RetryOptions& options, Reporter& reporter,
                                Stop& stop, const Migration& migration, const QuarantinedStep& in,
                                Run& run) {
  auto index = static_cast<size_t>(in.key.step);
  const Step& step = migration.steps.at(index);
  DocumentTask task =
      TRY(plan_task(project, migration, step, in.key, options.overrides, Probe::kNo));
  keep_strategy(task, run.steps.at(index));
  Progress progress;
  reporter.step_started(migration.file, "retry " + step.kind + " " + task.collection(), progress);
  auto outcome = retry_quarantined(project.client, task, run, progress, stop);
  reporter.step_ended();
  if (!outcome) return outcome;
  if (outcome->ambiguous > 0) {
    reporter.say("warning",
                 fmt::format("{}: {} documents were not tried, for the application wrote them "
                             "around an interruption and they may be migrated already",
                             migration.file, outcome->ambiguous));
  }
  return outcome;
}

Status forget(Project& project, const QuarantinedStep& step, const RetryOutcome& outcome) {
  Quarantine quarantine(project.client, project.database);
  for (const mongo::OwnedValue& id : outcome.settled) {
    TRY(quarantine.remove_one(step.key, id.value()));
  }
  return {};
}

Status retry_steps(Project& project, const RetryOptions& options, Reporter& reporter, Stop& stop,
                   const Migration& migration, const std::vector<QuarantinedStep>& steps, Run& run,
                   RetryOutcome& total) {
  for (const QuarantinedStep& step : steps) {
    if (stop.requested()) return stop.error();
    RetryOutcome outcome = TRY(retry_step(project, options, reporter, stop, migration, step, run));
    TRY(Changelog(project.client, project.database, project.config.changelog_collection)
            .set_errors(run.id, run.counts().quarantined));
    TRY(forget(project, step, outcome));
    total += outcome;
  }
  return {};
}

Status retry_migration(Project& project, const RetryOptions& options, Reporter& reporter,
                       Stop& stop, const Lock& lock, const Entry& entry,
                       const std::vector<QuarantinedStep>& steps, RetryOutcome& total) {
  Migration migration = TRY(load_any(*project.scripts, *entry.file));
  TRY(check_versions_of_run(project.client, project.database, entry.run->id));
  mongo::Document given = given_options(options.overrides);
  TRY(write_audit(project, about_run(AuditAction::kRetryStarted, *entry.run, given)));
  Run run = TRY(take_over(project, lock, *entry.run));
  Status retried = retry_steps(project, options, reporter, stop, migration, steps, run, total);
  AuditRecord end = about_run(AuditAction::kRetryEnded, run);
  end.outcome = AuditOutcome::kDone;
  if (!retried) end = failed_record(std::move(end), retried.error());
  (void)write_audit(project, std::move(end));
  return retried;
}

}  // namespace

Result<std::vector<QuarantinedStep>> quarantined_steps(Project& project, const std::string& name) {
  auto steps = TRY(Quarantine(project.client, project.database).steps());
  if (name.empty()) return steps;
  History history = TRY(read_history(project));
  const Entry* entry = TRY(history.resolve(name));
  std::erase_if(steps, [&](const QuarantinedStep& step) { return step.migration != entry->name; });
  return steps;
}

Result<RetryOutcome> retry_errors(Project& project, const RetryOptions& options, Reporter& reporter,
                                  Stop& stop) {
  Lock lock = TRY(acquire_lock(project, "errors --retry", options.lock_wait, reporter, stop));
  auto steps = TRY(quarantined_steps(project, options.name));
  History history = TRY(read_history(project));
  RetryOutcome total;
  for (auto first = steps.begin(); first != steps.end();) {
    auto next = std::find_if(first, steps.end(), [&](const QuarantinedStep& step) {
      return step.key.run != first->key.run;
    });
    const Entry* entry = history.find(first->migration);
    std::string why_not = obstacle(entry, *first);
    if (why_not.empty()) {
      TRY(retry_migration(project, options, reporter, stop, lock, *entry, {first, next}, total));
    } else {
      for (auto step = first; step != next; ++step) total.left += step->documents;
      reporter.say("warning", fmt::format("{}: not retried: {}", first->migration, why_not));
    }
    first = next;
  }
  TRY(lock.release());
  return total;
}

}  // namespace whimbrel
