// Documents in quarantine, tried again.
#pragma once

#include <vector>

#include "base/progress.h"
#include "base/stop.h"
#include "engine/task.h"
#include "state/runs.h"

namespace whimbrel {

struct RetryOutcome {
  int64_t migrated = 0;
  int64_t unchanged = 0;  ///< the change leaves them as they are
  int64_t gone = 0;       ///< deleted, or `where` does not match them any more
  int64_t left = 0;       ///< still in quarantine
  int64_t ambiguous = 0;  ///< of `left`: not tried, for nobody knows whether they are migrated
  std::vector<mongo::OwnedValue> settled;  ///< `_id`s of all but `left`; still recorded

  RetryOutcome& operator+=(const RetryOutcome& other);
};

/// Tries every document that the finished step `task` of `run` has in quarantine again, each as a
/// range of its own: with journal and checkpoint, so that a crash doubles nothing, a repeated call
/// goes on where this one stopped, and `down` restores them with the others. What fails again
/// stays, with the new reason. Saves the step's counts in `run` and in the database; taking what is
/// settled out of quarantine is the caller's, after everything that counts them: then no crash
/// leaves old figures behind.
///
/// `run` must have the lock's epoch and be fenced (Ranges::fence). Errors: of the server, of the
/// script's setup, a stop; what was done is kept.
Result<RetryOutcome> retry_quarantined(mongo::Client& client, const DocumentTask& task, Run& run,
                                       Progress& progress, Stop& stop);

}  // namespace whimbrel
