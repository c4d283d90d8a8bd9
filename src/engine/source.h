// Batches of a collection, by keyset over `_id`.
#pragma once

#include <memory>

#include "engine/batch.h"

namespace whimbrel {

enum class Fetch {
  kDocuments,  ///< the documents that match `where`
  kIdsOnly,    ///< `{_id}` of every document, from the index alone
};

/// Reads with `hint {_id: 1}`, at most `docs` documents and about `bytes` bytes at a time; a larger
/// single document comes alone.
std::unique_ptr<Source> collection_source(mongo::Client& client, const DocumentTask& task,
                                          Fetch fetch);

/// The same, but first hands out a batch whose journal was written and whose checkpoint was not.
std::unique_ptr<Source> resuming_source(mongo::Client& client, const DocumentTask& task);

}  // namespace whimbrel
