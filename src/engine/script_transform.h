// Document migrations in JavaScript: the transform that asks the user's code.
#pragma once

#include <memory>

#include "base/stop.h"
#include "engine/batch.h"

namespace whimbrel {

/// Asks transform, transformBatch or revert of `task`'s script in a Node host of the calling
/// thread. Changes carry their post-images only where those are certain without the server.
std::unique_ptr<Transform> script_transform(const DocumentTask& task, const Stop& stop);

/// The same with all post-images: Changes::after has one for each document of the batch, the
/// document itself where it does not change. What only the server can tell is tried on a scratch
/// collection; documents that it refuses there have failed.
std::unique_ptr<Transform> script_image_transform(mongo::Client& client, const DocumentTask& task,
                                                  const Stop& stop);

/// What the script makes of `documents`, asked in a host that lives only for this call. Writes to a
/// scratch collection at most.
Result<Changes> try_script(mongo::Client& client, const DocumentTask& task,
                           const mongo::DocumentList& documents, const Stop& stop);

}  // namespace whimbrel
