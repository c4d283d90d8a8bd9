// One update statement for each document that a script changes.
#pragma once

#include "engine/batch.h"
#include "mongo/collection.h"

namespace whimbrel {

enum class EachOrder {
  kStopAtError,  ///< what is behind a refused statement is not written
  kGoOn,
};

/// Sends a statement by `_id` for each of `wanted`, few commands in all. `WriteError::index` is a
/// position in `wanted`. `before` and `changes` are what the changes refer to.
Result<mongo::WriteOutcome> write_each(const mongo::Collection& collection,
                                       const mongo::DocumentList& before, const Changes& changes,
                                       const std::vector<DocumentChange>& wanted, EachOrder order,
                                       mongo::Session* session);

}  // namespace whimbrel
