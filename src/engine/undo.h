// Undoes a document step from its journal: exactly, and only where nobody has written since.
#pragma once

#include <vector>

#include "base/progress.h"
#include "base/stop.h"
#include "engine/task.h"
#include "engine/throttle.h"
#include "state/runs.h"

namespace whimbrel {

struct UndoOutcome {
  int64_t restored = 0;   ///< documents that are what they were before the step
  int64_t conflicts = 0;  ///< documents that somebody changed since; left as they are and recorded
  std::vector<mongo::OwnedValue> examples;  ///< the first ten of them
};

/// Works through the journal in `task.workers` lanes. On a server with transactions each batch is
/// restored and its journal entry removed in one; elsewhere writes are guarded and the entry goes
/// afterwards, so that an interrupted undo goes on where it stopped. Batches that are done cost
/// nothing the second time.
Result<UndoOutcome> undo_document_step(mongo::Client& client, const DocumentTask& task,
                                       const Run& run, Progress& progress, Stop& stop,
                                       Throttle& throttle);

}  // namespace whimbrel
