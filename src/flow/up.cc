#include "flow/up.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>

#include "base/text.h"
#include "engine/single_transaction.h"
#include "flow/backup_before.h"
#include "flow/doubt.h"
#include "flow/gate.h"
#include "flow/journal_age.h"
#include "flow/plan_bond.h"
#include "flow/preflight.h"
#include "flow/run_control.h"
#include "flow/side_by_side.h"
#include "state/quarantine.h"

namespace whimbrel {
namespace {

constexpr int kShownErrors = 10;

struct SharedSummary {
  Summary& summary;
  std::mutex mutex = {};
};

Error changed_under_run(const Entry& entry) {
  return Error{
      ErrorKind::kBadMigration,
      fmt::format("{}: the file was changed while its run is open ({} documents are done); it "
                  "would go on with another change than it began with",
                  entry.name, with_commas(entry.run->counts().scanned)),
      fmt::format("put the file back as it was, then: whimbrel up; or let the run go on with the "
                  "file as it is now: whimbrel resolve {} --accept-change",
                  entry.name)};
}

Result<std::vector<const Entry*>> select(const History& history, const Selection& selection) {
  const Entry* last = nullptr;
  if (!selection.to.empty()) last = TRY(history.resolve(selection.to));
  std::vector<const Entry*> selected;
  bool any_name = false;
  for (const Entry& entry : history.entries) {
    bool matches = selection.only.empty() || glob_matches(selection.only, entry.name);
    any_name = any_name || matches;
    if (last && entry.name > last->name) break;
    if (matches && entry.wants_up()) selected.push_back(&entry);
  }
  if (any_name || history.entries.empty()) return selected;
  return Error{ErrorKind::kNotFound,
               fmt::format("no migration matches --only '{}'", selection.only), "whimbrel status"};
}

Result<std::optional<Todo>> load_todo(Project& project, const Entry& entry) {
  bool open = entry.run && entry.run->is_open();
  if (open && entry.run->state == RunState::kUndoing) return undo_is_open(entry.name);
  Migration migration = TRY(load_any(*project.scripts, *entry.file));
  std::optional<Run> run = TRY(resumable_run(entry, migration));
  if (run) TRY(check_versions_of_run(project.client, project.database, run->id));
  if (!meant_for(migration, project.config.environment)) return std::optional<Todo>();
  return std::optional<Todo>(Todo{std::move(migration), std::move(run)});
}

Status check_server(const Project& project, const std::vector<Todo>& todo) {
  for (const Todo& item : todo) TRY(check_transactions(project.client, item.migration));
  return {};
}

std::vector<std::string> names_of(const std::vector<Todo>& todo) {
  std::vector<std::string> names;
  for (const Todo& item : todo) names.push_back(item.migration.file);
  return names;
}

void warn_out_of_order(const History& history, const std::vector<Todo>& todo, Reporter& reporter) {
  std::string last_applied;
  for (const Entry& entry : history.entries) {
    if (entry.applied) last_applied = std::max(last_applied, entry.name);
  }
  for (const Todo& item : todo) {
    if (item.migration.file < last_applied && !item.open) {
      reporter.say("warning", fmt::format("{} is older than {}, which is applied already",
                                          item.migration.file, last_applied));
    }
  }
}

void add_errors(Project& project, const Run& run, Summary& summary) {
  auto documents = Quarantine(project.client, project.database).read(run.id, kShownErrors);
  if (!documents) return;
  for (const QuarantinedDocument& document : *documents) {
    if (summary.errors.size() >= kShownErrors) return;
    summary.errors.push_back(
        fmt::format("{}: _id {}: {}", run.file, document.id.value().to_json(), document.message));
  }
}

/// Counts and first errors of a run that did not end.
void add_unfinished(Project& project, const std::string& file, Summary& summary) {
  auto runs = Runs(project.client, project.database).read();
  if (!runs) return;
  for (const Run& run : *runs) {
    if (run.file != file || !run.is_open()) continue;
    summary.documents += run.counts();
    add_errors(project, run, summary);
  }
}

/// One of them, with its part of the summary, which several threads may add to.
Status apply_one(const UpSetting& setting, RunControl& control, const Todo& item,
                 SharedSummary& shared) {
  if (setting.stop.requested()) return setting.stop.error();
  if (item.open) control.take_up(*item.open);
  auto run = apply_migration(setting, item.migration, item.open);
  std::lock_guard lock(shared.mutex);
  Summary& summary = shared.summary;
  if (item.open) summary.done_before += item.open->counts().scanned;
  if (!run) {
    add_unfinished(setting.project, item.migration.file, summary);
    return std::move(run).error();
  }
  summary.applied.push_back(run->file);
  summary.documents += run->counts();
  summary.residual += run->residual();
  add_errors(setting.project, *run, summary);
  return {};
}

Status apply_all(const UpSetting& setting, RunControl& control, const std::vector<Todo>& todo,
                 SharedSummary& shared) {
  for (const Todo& item : todo) TRY(apply_one(setting, control, item, shared));
  return {};
}

Status apply_in_parallel(const UpSetting& setting, RunControl& control,
                         const std::vector<Todo>& todo, SharedSummary& shared) {
  std::vector<const Migration*> migrations;
  for (const Todo& item : todo) migrations.push_back(&item.migration);
  return apply_side_by_side(setting, schedule_of(migrations),
                            [&](const UpSetting& own, size_t index) {
                              return apply_one(own, control, todo[index], shared);
                            });
}

Status check_plan(const Project& project, const UpOptions& options, const std::vector<Todo>& todo) {
  if (!options.bond) return {};
  return check_bond(*options.bond, plan_bond(project, options.selection, options.overrides, todo));
}

/// What has begun may end: only those without an open run have to pass.
std::vector<const Migration*> fresh_among(const std::vector<Todo>& todo) {
  std::vector<const Migration*> fresh;
  for (const Todo& item : todo) {
    if (!item.open) fresh.push_back(&item.migration);
  }
  return fresh;
}

mongo::Document audited(const UpOptions& options) {
  mongo::Document given = given_options(options.selection, options.overrides);
  add_answer(given, options.in_doubt);
  return given;
}

/// What cannot be read is no reason not to begin.
void look_before(Project& project, Reporter& reporter) {
  auto parts = mongo::HealthParts::everything(project.database);
  parts.memory = false;  // nothing is said of it, and it costs the server most
  parts.patience = std::chrono::seconds(2);
  auto health = mongo::read_health(project.client, parts);
  if (health) reporter.preflight(preflight(*health));
}

Result<double> server_milliseconds(mongo::Client& client) {
  mongo::Document hello = TRY(client.run("admin", mongo::make_document("hello", 1)));
  return static_cast<double>(hello.view().get_int("localTime"));
}

}  // namespace

mongo::Document given_options(const Selection& selection, const EngineOverrides& overrides) {
  mongo::Document given = given_options(overrides);
  if (!selection.to.empty()) given.append("to", selection.to);
  if (!selection.only.empty()) given.append("only", selection.only);
  return given;
}

bool meant_for(const Migration& migration, const std::string& environment) {
  const auto& names = migration.environments;
  return names.empty() || std::find(names.begin(), names.end(), environment) != names.end();
}

Result<std::vector<Todo>> choose_pending(Project& project, const History& history,
                                         const Selection& selection) {
  std::vector<const Entry*> selected = TRY(select(history, selection));
  std::vector<Todo> todo;
  std::optional<Error> problems;
  for (const Entry* entry : selected) {
    auto loaded = load_todo(project, *entry);
    if (loaded && *loaded) todo.push_back(**std::move(loaded));
    if (loaded) continue;
    if (!problems) problems = loaded.error();
    else problems->message += "\n" + loaded.error().message;
  }
  if (problems) return *problems;
  return todo;
}

Result<std::optional<Run>> resumable_run(const Entry& entry, const Migration& migration) {
  if (!entry.run || !entry.run->is_open()) return std::optional<Run>();
  Run run = *entry.run;
  if (run.hash == migration.hash) return std::optional<Run>(std::move(run));
  if (!is_script_run(run)) return changed_under_run(entry);
  auto progress = run.steps.front().progress;
  bool is_script = std::holds_alternative<ScriptStep>(migration.steps.front().body);
  // Whoever mended a failed script has seen what it left behind; an interrupted one is asked about.
  if (progress == StepState::Progress::kPending && !is_script) return std::optional<Run>();
  if (progress == StepState::Progress::kDone) return std::optional<Run>();
  if (!is_script) return changed_under_run(entry);
  run.hash = migration.hash;
  return std::optional<Run>(std::move(run));
}

Status up(Project& project, const UpOptions& options, Reporter& reporter, Stop& stop,
          Summary& summary) {
  Lock lock = TRY(acquire_lock(project, "up", options.lock_wait, reporter, stop));
  History history = TRY(read_history(project));
  std::vector<Todo> todo = TRY(choose_pending(project, history, options.selection));
  TRY(check_plan(project, options, todo));
  TRY(check_server(project, todo));
  TRY(backup_before(project, fresh_among(todo), options.backup == BackupFirst::kYes, reporter,
                    stop));
  TRY(check_gate(project, fresh_among(todo)));
  reporter.run_started(project.database, project.client.server().version, names_of(todo));
  if (!todo.empty()) look_before(project, reporter);
  warn_out_of_order(history, todo, reporter);
  if (todo.empty()) reporter.say("info", "nothing to do: every migration is applied");

  // From here on the database is touched.
  if (!todo.empty()) TRY(ensure_state_collections(project));
  TRY(remove_old_journals(project));
  double block = TRY(server_milliseconds(project.client));
  RunControl control(project, lock.epoch(), reporter, stop, options.limits);
  if (!todo.empty()) TRY(control.start());
  UpSetting setting{project,
                    lock,
                    reporter,
                    stop,
                    block,
                    options.overrides,
                    options.in_doubt,
                    audited(options),
                    control.throttle()};
  SharedSummary shared{summary};
  bool parallel = options.order == UpOptions::Order::kSideBySide;
  Status applied = parallel ? apply_in_parallel(setting, control, todo, shared)
                            : apply_all(setting, control, todo, shared);
  Status released = lock.release();
  if (!applied) return applied;
  return released;
}

}  // namespace whimbrel
