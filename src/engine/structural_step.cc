#include "engine/structural_step.h"

#include <fmt/format.h>

#include "engine/structural_commands.h"

namespace whimbrel {

using mongo::Document;
using mongo::make_document;

namespace {

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

Error not_structural() {
  return Error{ErrorKind::kBug, "a document step was sent as a single command"};
}

/// What the step's reverse will need, read before the step runs.
Result<Document> remember(mongo::Client& client, const StructuralStep& at) {
  Commands commands(client, at.database);
  return std::visit(
      Overloaded{
          [&](const CreateIndexesStep& step) { return commands.missing_indexes(step); },
          [&](const DropIndexesStep& step) { return commands.index_specs(step); },
          [&](const CreateCollectionStep& step) { return commands.absence(step.collection); },
          [&](const CollModStep& step) { return commands.present_options(step); },
          [&](const auto&) { return Result<Document>(Document()); },
      },
      at.step.body);
}

Status send(mongo::Client& client, const StructuralStep& at, bool again) {
  Commands commands(client, at.database);
  return std::visit(
      Overloaded{
          [&](const InsertStep& step) { return commands.insert(at.key, step); },
          [&](const CreateIndexesStep& step) { return commands.create_indexes(step); },
          [&](const DropIndexesStep& step) { return commands.drop_indexes(step, again); },
          [&](const CreateCollectionStep& step) { return commands.create_collection(step, again); },
          [&](const DropCollectionStep& step) { return commands.drop_collection(step.collection); },
          [&](const RenameCollectionStep& step) {
            return commands.rename(step.collection, step.to, again);
          },
          [&](const CollModStep& step) { return commands.coll_mod(step.collection, step.options); },
          [&](const CommandStep& step) { return commands.run(step.command); },
          [&](const auto&) { return Status(not_structural()); },
      },
      at.step.body);
}

Status send_reverse(mongo::Client& client, const StructuralStep& at, const Document& undo,
                    std::vector<mongo::OwnedValue>& conflicts) {
  Commands commands(client, at.database);
  return std::visit(
      Overloaded{
          [&](const InsertStep& step) { return commands.remove_inserted(at.key, step, conflicts); },
          [&](const CreateIndexesStep& step) {
            return commands.drop_created(step.collection, undo);
          },
          [&](const DropIndexesStep& step) { return commands.recreate(step.collection, undo); },
          [&](const CreateCollectionStep& step) {
            return commands.drop_if_empty(step.collection, undo);
          },
          [&](const RenameCollectionStep& step) {
            return commands.rename(step.to, step.collection, true);
          },
          [&](const CollModStep& step) { return commands.coll_mod_back(step.collection, undo); },
          [&](const CommandStep& step) { return commands.run(*step.reverse); },
          [&](const auto&) { return Status(not_structural()); },
      },
      at.step.body);
}

Error unknown_outcome(const StructuralStep& at, const Run& run) {
  return Error{
      ErrorKind::kFailed,
      fmt::format("step {} (command, line {}) was sent, but an interruption came before its "
                  "outcome was known",
                  at.key.step + 1, at.step.line),
      in_doubt_hint(run.state == RunState::kUndoing ? "down" : "up")};
}

}  // namespace

std::string in_doubt_hint(std::string_view command) {
  return fmt::format(
      "look whether it took effect; then `whimbrel {0} --interrupted-command skip` if it did, "
      "`whimbrel {0} --interrupted-command redo` if not",
      command);
}

Status apply_structural_step(mongo::Client& client, const StructuralStep& at, Run& run,
                             InDoubt in_doubt) {
  Runs runs(client, at.database);
  auto index = static_cast<size_t>(at.key.step);
  StepState& state = run.steps[index];
  bool again = state.progress == StepState::Progress::kRunning;
  bool is_command = std::holds_alternative<CommandStep>(at.step.body);
  if (again && is_command && in_doubt == InDoubt::kSkip) return {};
  if (again && is_command && in_doubt == InDoubt::kAsk) return unknown_outcome(at, run);
  if (!again) {
    state.undo = TRY(remember(client, at));
    state.progress = StepState::Progress::kRunning;
    TRY(runs.save_step(run, index));
  }
  Status sent = send(client, at, again);
  if (sent || !is_command || sent.error().retry != Retry::kNo) return sent;
  // The server said no: the command has not taken effect, so there is nothing to be in doubt about.
  state.progress = StepState::Progress::kPending;
  TRY(runs.save_step(run, index));
  return sent;
}

Status undo_structural_step(mongo::Client& client, const StructuralStep& at, Run& run,
                            std::vector<mongo::OwnedValue>& conflicts) {
  StepState& state = run.steps[static_cast<size_t>(at.key.step)];
  return send_reverse(client, at, state.undo, conflicts);
}

}  // namespace whimbrel
