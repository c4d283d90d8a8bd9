// Whether today's documents are what a step made of them: its journal against the collection.
#pragma once

#include <optional>
#include <vector>

#include "base/stop.h"
#include "engine/task.h"
#include "state/runs.h"

namespace whimbrel {

struct WrongDocument {
  mongo::OwnedValue id;
  std::string reason;
};

/// What was found of the documents that the step changed, and that were looked at.
struct StepVerification {
  int64_t looked_at = 0;
  int64_t as_made = 0;  ///< what the step made, and would make again of the pre-image
  int64_t changed_since = 0;
  int64_t gone = 0;                  ///< deleted since
  int64_t wrong = 0;                 ///< none of these
  std::vector<WrongDocument> first;  ///< the first hundred that are wrong
};

/// Looks at `documents` of them, drawn evenly from the whole journal, or at all with nullopt.
///
/// A document is wrong when it is what it was before the step; or when it is what the step wrote
/// and the transform, applied to the journalled pre-image again, makes something else of it. Dates
/// that lie within the run's time may differ: `new Date()` does. Of a delete and a copy only what
/// they wrote is compared. Where the journal has no digests because the pipeline is repeatable,
/// nobody knows what was written, and documents that differ from what it makes count as changed
/// since.
///
/// Reads, but for operators, which are tried on copies in a scratch collection. Memory: one batch.
Result<StepVerification> verify_document_step(mongo::Client& client, const DocumentTask& task,
                                              const Run& run, std::optional<int64_t> documents,
                                              const Stop& stop);

}  // namespace whimbrel
