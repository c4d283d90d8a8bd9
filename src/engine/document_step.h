// Runs one document step of a run in lanes, from wherever its ranges stand.
#pragma once

#include <functional>

#include "base/progress.h"
#include "base/stop.h"
#include "engine/task.h"
#include "engine/throttle.h"
#include "state/runs.h"

namespace whimbrel {

/// Prepares `step` of `run` if it was not started before (extent, total, state), then works until
/// every range is done. Saves the step's counts in `run` and in the database, also when it fails or
/// is stopped; marking the step done is the caller's, after its checks. Several lanes are several
/// threads; this returns when all of them have ended. The first failure stops the others at the end
/// of their batches and is the one returned.
Status run_document_step(mongo::Client& client, const DocumentTask& task, Run& run,
                         Progress& progress, Stop& stop, Throttle& throttle);

}  // namespace whimbrel
