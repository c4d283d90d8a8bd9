// `unlock`: removes the lock, whoever holds it, and says so in the audit.
#pragma once

#include "flow/project.h"

namespace whimbrel {

enum class UnlockBy { kAnswer, kForce };

/// Removes the lock that `holder` has; the holder notices at its next batch and writes no more.
/// Errors: kLockHeld when it has changed hands since it was read.
Status unlock(Project& project, const LockHolder& holder, UnlockBy by);

}  // namespace whimbrel
