// JSON text as the same tree that YAML gives; stricter than YAML and much faster to read.
#pragma once

#include <optional>
#include <string_view>

#include "migration/yaml.h"

namespace whimbrel::migration {

/// Parses one JSON object (RFC 8259). Problems: everything else that YAML would take (comments,
/// single quotes, trailing commas, plain text), repeated keys, nesting beyond kMaxDepth, text that
/// is not UTF-8. Strings are quoted scalars; numbers, true and false are plain ones.
std::optional<YamlNode> parse_json(std::string_view source, ProblemList& problems);

}  // namespace whimbrel::migration
