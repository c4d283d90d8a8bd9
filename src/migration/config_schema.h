// The keys of whimbrel.yaml and what each may hold.
#pragma once

#include "migration/problems.h"
#include "migration/yaml.h"

namespace whimbrel::migration {

/// Adds a problem for every unknown key and every value of a wrong type, in the file and in each of
/// its environments, chosen or not. Values with ${VAR} are left for when they are used.
void check_config(const YamlNode& root, ProblemList& problems);

/// "0.1%" as 0.001; nullopt unless digits, perhaps a fraction, and '%', up to 100%.
std::optional<double> parse_percentage(std::string_view text);

}  // namespace whimbrel::migration
