#include "flow/script_step.h"

#include <fmt/format.h>

namespace whimbrel {
namespace {

Error unknown_outcome(const Migration& migration, const std::string& function) {
  return Error{
      ErrorKind::kFailed,
      fmt::format("{}: its {}() was interrupted, and nobody knows how far it came", migration.file,
                  function),
      "look at the data; then `--interrupted-command redo` runs it again from the start, and "
      "`--interrupted-command skip` takes it for done"};
}

}  // namespace

Status run_script_step(const UpSetting& setting, const Migration& migration, const Step& step,
                       Run& run, int index) {
  Project& project = setting.project;
  Runs runs(project.client, project.database);
  auto at = static_cast<size_t>(index);
  StepState& state = run.steps[at];
  const std::string& function = std::get<ScriptStep>(step.body).function;
  bool again = state.progress == StepState::Progress::kRunning;
  if (again && setting.in_doubt == InDoubt::kSkip) return {};
  if (again && setting.in_doubt == InDoubt::kAsk) return unknown_outcome(migration, function);
  TRY(project.scripts->connect());
  state.progress = StepState::Progress::kRunning;
  TRY(runs.save_step(run, at));
  auto say_waiting = [&] {
    setting.reporter.say(
        "info", fmt::format("waiting for {}() of {} to end; Ctrl-C once more ends it at once "
                            "and leaves it interrupted",
                            function, migration.file));
  };
  Status done = project.scripts->run(migration, function, setting.stop, say_waiting);
  if (done || done.error().kind == ErrorKind::kLockHeld) return done;
  state.progress = StepState::Progress::kPending;
  TRY(runs.save_step(run, at));
  return done;
}

}  // namespace whimbrel
