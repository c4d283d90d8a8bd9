// Flags of commands that limit a run, and of those that steer it.
#pragma once

#include <optional>
#include <string>

#include "base/window.h"
#include "cli/arguments.h"

namespace CLI {
class App;
}

namespace whimbrel {

/// Of `plan`: what the end of the work is judged by.
void add_end_flags(CLI::App& plan, Arguments& arguments, std::string& max_time);
/// What --window says; nullopt without one: the configuration's hold. kUsage naming what is none.
Result<std::optional<Windows>> typed_windows(const Arguments& arguments);
void add_limit_flags(CLI::App& up, Arguments& arguments);
void add_steering_commands(CLI::App& app, Arguments& arguments);

}  // namespace whimbrel
