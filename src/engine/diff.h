// The difference between two documents, with types, for people.
#pragma once

#include <string>
#include <vector>

#include "mongo/bson.h"

namespace whimbrel {

/// One line a change: "+ path: value type", "- path: value type", "~ path: old type → new type".
/// Values are relaxed Extended JSON, cut at 60 characters.
std::vector<std::string> typed_diff(mongo::View before, mongo::View after);

/// "int32", "string", "objectId", …: names as `$type` has them.
std::string_view type_name(mongo::Type type);

}  // namespace whimbrel
