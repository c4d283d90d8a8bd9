// `checklist --runbook`: the whole procedure of a migration, for people, with the real commands.
#pragma once

#include <string>

#include "flow/project.h"
#include "flow/task_plan.h"

namespace whimbrel {

/// Markdown: what it does, what to do before, during and after, how to stop, go on and go back, and
/// places for names. Of the pending migrations, or of the one that `name` means. Reads only.
Result<std::string> runbook(Project& project, const std::string& name,
                            const EngineOverrides& overrides);

}  // namespace whimbrel
