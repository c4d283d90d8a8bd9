// The mappings that stand for a BSON value: { $oid: … }, { $date: … } and their like.
#pragma once

#include <string_view>

#include "migration/problems.h"
#include "migration/yaml.h"
#include "mongo/bson.h"

namespace whimbrel::migration {

/// The key that makes this mapping an Extended JSON value, or nullptr. Every other `$` key is an
/// operator. One such key is enough, wherever it stands: what is beside it is a problem later.
const YamlEntry* extended_json_entry(const YamlNode& mapping);

/// Appends the value that the mapping stands for; `entry` is what extended_json_entry gave. Adds a
/// problem and appends nothing when it is malformed.
void append_extended_json(mongo::Document& out, std::string_view key, const YamlNode& mapping,
                          const YamlEntry& entry, ProblemList& problems);

/// Appends `text` (base64, white space between allowed) as binary of subtype 0; otherwise a
/// problem.
void append_base64(mongo::Document& out, std::string_view key, const YamlNode& node,
                   ProblemList& problems);

}  // namespace whimbrel::migration
