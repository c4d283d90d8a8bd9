// `errors`: documents in quarantine, and trying them again.
#pragma once

#include <string>
#include <vector>

#include "engine/retry_step.h"
#include "flow/project.h"
#include "flow/task_plan.h"
#include "state/quarantine.h"

namespace whimbrel {

/// The steps with documents in quarantine, of the migration that a person means by `name`, or of
/// all for "". kNotFound with did-you-mean for a name that is nobody's.
Result<std::vector<QuarantinedStep>> quarantined_steps(Project& project, const std::string& name);

struct RetryOptions {
  std::string name;  ///< "" for every migration
  EngineOverrides overrides;
  std::chrono::milliseconds lock_wait{0};
};

/// Tries quarantined documents again under the lock. Migrations that cannot be retried are passed
/// over with a warning: open runs (`up` goes on with those), runs that were undone, files that are
/// missing or were changed since.
Result<RetryOutcome> retry_errors(Project& project, const RetryOptions& options, Reporter& reporter,
                                  Stop& stop);

}  // namespace whimbrel
