// What a migration will touch, told from its steps.
#pragma once

#include <string>
#include <vector>

#include "backup/catalog.h"
#include "migration/migration.h"

namespace whimbrel {

/// The collections that these migrations change, with the `where` of the one step that changes
/// documents there, or whole where several do; of a collection whose definition alone changes, no
/// document. Those that do not exist yet may be among them. kFailed where a step does not say what
/// it touches: scripts, `command`.
Result<std::vector<backup::Wanted>> touched_by(const std::vector<const Migration*>& migrations);

}  // namespace whimbrel
