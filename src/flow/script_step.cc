#include "flow/script_step.h"

#include <fmt/format.h>

#include "flow/doubt.h"

namespace whimbrel {
namespace {

/// Whether the script may have done anything at all, even everything: it was cut off. One that
/// threw, called process.exit or left a promise uncaught is known to have failed.
bool cut_off(const Scripts& scripts, const Error& error) {
  bool stopped = error.kind == ErrorKind::kLockHeld || error.kind == ErrorKind::kInterrupted ||
                 error.kind == ErrorKind::kTerminated;
  return stopped || (scripts.host_died() && !scripts.host_gave_reason());
}

}  // namespace

Result<bool> is_passed_over(const UpSetting& setting, const Migration& migration, const Run& run,
                            int index) {
  bool again = run.steps[static_cast<size_t>(index)].progress == StepState::Progress::kRunning;
  if (!again || setting.in_doubt == InDoubt::kRedo) return false;
  if (setting.in_doubt == InDoubt::kSkip) return true;
  auto up = static_cast<int>(migration.steps.size());
  const Step& step = index < up ? migration.steps[static_cast<size_t>(index)]
                                : migration.down_steps[static_cast<size_t>(index - up)];
  const std::string& function = std::get<ScriptStep>(step.body).function;
  return script_in_doubt(migration.file, function + "()", index < up ? "up" : "down");
}

Status run_script_step(const UpSetting& setting, const Migration& migration, const Step& step,
                       Run& run, int index) {
  Project& project = setting.project;
  Runs runs(project.client, project.database);
  auto at = static_cast<size_t>(index);
  StepState& state = run.steps[at];
  const std::string& function = std::get<ScriptStep>(step.body).function;
  if (TRY(is_passed_over(setting, migration, run, index))) return {};
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
  if (done || cut_off(*project.scripts, done.error())) return done;
  state.progress = StepState::Progress::kPending;
  TRY(runs.save_step(run, at));
  return done;
}

}  // namespace whimbrel
