// An update's pipeline, run on the side over documents that are sent along: it writes nothing.
#pragma once

#include <functional>

#include "engine/task.h"
#include "mongo/document_list.h"

namespace whimbrel {

/// Stages, and the variables that they name (the `let` of a command, as a field of that name).
struct SidePipeline {
  mongo::View stages;
  mongo::View variables;
};

/// Gives `take` what the pipeline makes of each of `documents`, in their order. Needs `$documents`
/// (MongoDB 5.1); the collection's collation holds.
Status run_on_the_side(mongo::Client& client, const DocumentTask& task,
                       const SidePipeline& pipeline, const mongo::DocumentList& documents,
                       const std::function<void(mongo::View)>& take);

}  // namespace whimbrel
