// Flags of commands that limit a run, and of those that steer it.
#pragma once

#include <string>

#include "cli/arguments.h"

namespace CLI {
class App;
}

namespace whimbrel {

void add_limit_flags(CLI::App& up, Arguments& arguments);
void add_steering_commands(CLI::App& app, Arguments& arguments);

}  // namespace whimbrel
