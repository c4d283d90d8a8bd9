// What a script's answer means for a document.
#pragma once

#include "engine/batch.h"
#include "engine/reads.h"

namespace whimbrel {

/// Adds to `changes` what `result` makes of `before`, the batch's document number `at`: a change
/// with its post-image where that is certain, a failure, or nothing. `changes` must keep the
/// documents that `result` borrows from.
void add_result(size_t at, mongo::View before, const node::TransformResult& result,
                const Reads& reads, Changes& changes);

}  // namespace whimbrel
