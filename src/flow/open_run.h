// A run that has not ended: whether somebody works on it, and how far it is.
#pragma once

#include <optional>

#include "state/lock.h"
#include "state/runs.h"

namespace whimbrel {

/// Whether the process that the run names holds the lock, and is not known to be gone.
bool is_at_work(const Run& run, const std::optional<LockHolder>& lock);

/// Counts of its running steps, from their ranges; nothing for a run that is not open.
Status count_open_steps(mongo::Client& client, const std::string& database, Run& run);

}  // namespace whimbrel
