#include "flow/doubt.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "engine/structural_step.h"

namespace whimbrel {
namespace {

/// A step that was begun, that is of this kind, and of which nobody knows the outcome.
bool any_in_doubt(const Run& run, std::string_view kind) {
  return std::any_of(run.steps.begin(), run.steps.end(), [kind](const StepState& step) {
    return step.kind == kind && step.progress == StepState::Progress::kRunning;
  });
}

Error command_in_doubt(const std::string& file, const std::string& command) {
  return Error{ErrorKind::kFailed,
               fmt::format("{}: a command was sent, but an interruption came before its outcome "
                           "was known",
                           file),
               in_doubt_hint(command)};
}

Error goes_on(const Entry& entry) {
  return Error{ErrorKind::kFailed,
               fmt::format("{}: it was interrupted when {} documents were done", entry.name,
                           with_commas(entry.run->counts().scanned)),
               "whimbrel up (it goes on where it stopped)"};
}

}  // namespace

Error script_in_doubt(const std::string& file, const std::string& what,
                      const std::string& command) {
  return Error{
      ErrorKind::kFailed,
      fmt::format("{}: its {} was interrupted, and nobody knows how far it came", file, what),
      fmt::format("look at the data; then `whimbrel {0} --interrupted-command redo` runs "
                  "it again from the start, and `whimbrel {0} --interrupted-command skip` "
                  "takes it for done",
                  command)};
}

Error undo_is_open(const std::string& file) {
  return Error{ErrorKind::kFailed, file + ": its `down` was interrupted",
               "finish it first: whimbrel down"};
}

std::optional<Error> interruption_of(const Entry& entry) {
  if (entry.state != MigrationState::kInterrupted || !entry.run) return std::nullopt;
  const Run& run = *entry.run;
  bool undoing = run.state == RunState::kUndoing;
  std::string command = undoing ? "down" : "up";
  if (any_in_doubt(run, "script")) {
    return script_in_doubt(entry.name, undoing ? "down()" : "script", command);
  }
  if (any_in_doubt(run, "command")) return command_in_doubt(entry.name, command);
  return undoing ? undo_is_open(entry.name) : goes_on(entry);
}

}  // namespace whimbrel
