// Whether a pipeline gives the same result for the same document whenever it runs.
#pragma once

#include "mongo/bson.h"

namespace whimbrel {

/// False for pipelines with $rand, $sampleRate, $function, $accumulator, $$CLUSTER_TIME or
/// $$USER_ROLES. `$$NOW` alone is no hindrance: see pin_now().
bool is_repeatable(mongo::View pipeline);

/// The pipeline with `$$NOW` read from the variable `whimbrelNow`, which the command's `let` sets
/// (MongoDB 5.0 and later). Literals stay as they are.
mongo::Document pin_now(mongo::View pipeline);

/// `{let: {whimbrelNow: now}}`, to go into the command. `now` in milliseconds.
mongo::Document let_now(int64_t now);

}  // namespace whimbrel
