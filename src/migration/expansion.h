// ${VAR} inside the strings of the configuration.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace whimbrel::migration {

/// Value of an environment variable, or nullopt when it is not set.
using Lookup = std::function<std::optional<std::string>(const std::string& name)>;

/// What the process's environment says.
std::optional<std::string> process_variable(const std::string& name);

/// True when the text holds a `${`, escaped or not.
bool has_variables(std::string_view text);

/// A text with its variables filled in.
struct Expanded {
  std::string text;
  std::string unset;  ///< the first variable that is not set and has no default, or ""
};

/// `${VAR}`, `${VAR:-default}` (taken when VAR is unset or empty) and `$${` for a literal `${`.
/// Values are not expanded again. Errors (kBadConfig, no place): `${` without `}`, a bad name, a
/// `${` inside a default.
Result<Expanded> expand(std::string_view text, const Lookup& lookup);

}  // namespace whimbrel::migration
