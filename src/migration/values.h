// YAML nodes as BSON: Extended JSON v2 (canonical and relaxed) inside YAML or JSON.
#pragma once

#include <string_view>

#include "migration/problems.h"
#include "migration/yaml.h"
#include "mongo/bson.h"

namespace whimbrel::migration {

/// Appends the value of `node` as `key`. Integers become int32 when they fit, else int64; floats
/// doubles; mappings with an Extended JSON key that value; other mappings documents, their `$` keys
/// kept. What cannot be converted adds a problem and is left out.
void append_value(mongo::Document& out, std::string_view key, const YamlNode& node,
                  ProblemList& problems);

/// The document that a mapping stands for; `what` names it in messages. Anything else, also a
/// mapping that is an Extended JSON value, adds a problem and gives an empty document.
mongo::Document to_document(const YamlNode& node, std::string_view what, ProblemList& problems);

/// The BSON array (keys "0", "1", …) that a list stands for; otherwise as to_document.
mongo::Document to_array(const YamlNode& node, std::string_view what, ProblemList& problems);

}  // namespace whimbrel::migration
