// Reads one declarative migration file (.yaml, .yml, .json) into a Migration, strictly.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "migration/migration.h"

namespace whimbrel {

/// Either the migration, or everything that is wrong with the file (at least one problem).
using Loaded = std::variant<Migration, std::vector<Problem>>;

/// Parses `source`, the content of the file `file` (a name for messages and the changelog; the
/// `path` and `hash` of the result are set by the caller).
///
/// YAML 1.2 core schema with strict keys: unknown or repeated keys, wrong types, anchors that
/// expand beyond a bound, more than one document and nesting beyond 100 levels are problems with
/// line and column. JSON is read by the same rules. Values are Extended JSON (v2, canonical or
/// relaxed): a mapping with a key such as `$oid`, `$date`, `$numberLong`, … is a value; every other
/// `$` key is an operator and stays as it is. Integers are int32 when they fit, else int64; floats
/// are doubles.
Loaded load_migration(std::string_view file, std::string_view source);

}  // namespace whimbrel
