// Steps that are one or a few commands: indexes, collections, inserts, validators.
#pragma once

#include <string>
#include <string_view>

#include "migration/migration.h"
#include "state/ranges.h"

namespace whimbrel {

/// What to do with a `command` step whose outcome an interruption left unknown.
enum class InDoubt { kAsk, kRedo, kSkip };

/// What to do then, for whoever types `command` ("up", "down").
std::string in_doubt_hint(std::string_view command);

struct StructuralStep {
  StepKey key;
  std::string database;
  const Step& step;
};

/// Runs the step. What its reverse needs is saved in the run before the first command is sent;
/// sending again after an interruption changes nothing that is done already.
Status apply_structural_step(mongo::Client& client, const StructuralStep& step, Run& run,
                             InDoubt in_doubt);

/// Undoes the step from what the run remembers. `conflicts` receives the `_id`s of inserted
/// documents that were changed since and are left alone.
Status undo_structural_step(mongo::Client& client, const StructuralStep& step, Run& run,
                            std::vector<mongo::OwnedValue>& conflicts);

}  // namespace whimbrel
