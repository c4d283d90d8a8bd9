// All lanes of a document step.
#pragma once

#include "engine/lane.h"

namespace whimbrel {

/// As many lanes as the task has workers, each a thread with a client of its own, while the calling
/// thread carves ranges for them with `client`. Returns when all have ended. The first lane that
/// fails stops the others; its failure, not theirs, is returned.
Status run_lanes(mongo::Client& client, const LaneShared& shared);

}  // namespace whimbrel
