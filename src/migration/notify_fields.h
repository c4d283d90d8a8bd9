// Reads `notify:` strictly.
#pragma once

#include "migration/notify_config.h"
#include "migration/problems.h"
#include "migration/yaml.h"

namespace whimbrel::migration {

/// Adds a problem for everything that is wrong with the list. Values with ${VAR} are left for
/// read_receivers().
void check_notify(const YamlNode& list, std::string_view what, ProblemList& problems);

/// The receivers of a list that check_notify() took, variables filled in; adds a problem for one
/// that is not set and for values that are wrong with it.
std::vector<Receiver> read_receivers(const YamlNode& list, ProblemList& problems);

}  // namespace whimbrel::migration
