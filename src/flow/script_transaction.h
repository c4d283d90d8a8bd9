// `transaction: true` in a script: what its function does and what we record of it are one
// transaction of the project's own driver.
#pragma once

#include <functional>

#include "flow/apply.h"

namespace whimbrel {

/// Whether `migration` is a script that asks for this.
bool is_transactional_script(const Migration& migration);

/// Runs step `index` of the run, a ScriptStep, and `record` in one transaction, and commits it. The
/// function may run several times: conflicts, changes of primary and lost connections begin the
/// whole again, up to five times. After an Error nothing of it has happened, unless it has
/// Retry::kUnknownCommit: then the server can no longer be asked, and the next `up` or `down` finds
/// out. `record` sets what the run is afterwards and writes it.
Status run_script_transaction(const UpSetting& setting, const Migration& migration, Run& run,
                              int index, const std::function<Status(mongo::Session&)>& record);

}  // namespace whimbrel
