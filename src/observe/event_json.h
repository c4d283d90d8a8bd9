// What events and records look like as JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "observe/reporter.h"
#include "observe/snapshot.h"

namespace whimbrel {

using Json = nlohmann::ordered_json;

Json to_json(const Counts& counts);
Json to_json(const Summary& summary);
Json progress_json(const std::string& migration, const Snapshot& now);
/// One line; bytes that are no UTF-8 are replaced.
std::string dump(const Json& json);

}  // namespace whimbrel
