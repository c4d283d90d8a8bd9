// New files of a project: never over an old one.
#pragma once

#include <string>

#include "base/result.h"

namespace whimbrel {

/// Writes a file that must not exist yet: kCannotWrite when it does.
Status write_new_file(const std::string& path, const std::string& content);

/// "20260102030405-add_index.js": the UTC time now, and the description with underscores for
/// spaces.
std::string new_migration_name(std::string description, const std::string& extension);

}  // namespace whimbrel
