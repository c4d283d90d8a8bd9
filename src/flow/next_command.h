// What to type after a run that ended early.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "migration/config.h"

namespace whimbrel {

/// The error's own hint, or else what to see to before `command` ("up", "down") goes on where it
/// stopped.
std::string next_command(const Error& error, std::string_view command);

/// What a command of this environment begins with: "whimbrel", or "whimbrel -e production".
std::string whimbrel_in(const Config& config);

}  // namespace whimbrel
