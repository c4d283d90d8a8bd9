// Journals go when they are older than `engine.journalKeep`.
#pragma once

#include "flow/project.h"

namespace whimbrel {

/// Removes journal and ranges of runs that were finished longer ago than that, by the server's
/// clock. Open runs keep theirs. Needs the lock.
Status remove_old_journals(Project& project);

}  // namespace whimbrel
