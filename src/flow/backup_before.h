// The backup that `up` makes before it begins.
#pragma once

#include <vector>

#include "flow/project.h"
#include "migration/migration.h"

namespace whimbrel {

/// Whether `backup.before` names this environment.
bool backs_up_first(const Config& config);

/// With `asked`, or where `backup.before` says so: backs up what `migrations` touch, or the whole
/// database where that is not known, into backup.directory. Nothing when there are none. What the
/// gate asks for besides a backup is asked for first. Called under the lock, before anything is
/// touched; its failure is that of `up`.
Status backup_before(Project& project, const std::vector<const Migration*>& migrations, bool asked,
                     Reporter& reporter, const Stop& stop);

}  // namespace whimbrel
