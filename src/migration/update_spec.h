// How an update or copy changes documents: pipelines of per-document stages, and update operators.
#pragma once

#include "migration/migration.h"
#include "migration/problems.h"
#include "migration/yaml.h"

namespace whimbrel::migration {

/// `with:` and `arrayFilters:` (may be nullptr) of an update.
UpdateSpec read_update_spec(const YamlNode& with, const YamlNode* array_filters,
                            ProblemList& problems);

/// A non-empty list of $set, $addFields, $unset, $project, $replaceRoot and $replaceWith stages, as
/// a BSON array. `may_set_id`: a copy may give its documents new ids, an update cannot.
mongo::Document read_pipeline(const YamlNode& node, bool may_set_id, ProblemList& problems);

}  // namespace whimbrel::migration
