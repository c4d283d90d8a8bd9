// Options that the server takes as a document: allowed names, and the type of each.
#pragma once

#include <span>
#include <string>

#include "migration/fields.h"

namespace whimbrel::migration {

enum class OptionType { kAny, kBool, kNumber, kText, kMapping, kList, kNumberOrOff };

struct Option {
  std::string name;
  OptionType type;
};

/// The names of the options, in their order.
Names names_of(std::span<const Option> options);

/// Adds a problem for each listed option whose value has another type. Unlisted keys are left
/// alone.
void check_option_types(const YamlNode& mapping, std::span<const Option> options,
                        ProblemList& problems);

}  // namespace whimbrel::migration
