// Flags of commands that limit a run, and of those that steer it.
#pragma once

#include <string>

#include "cli/arguments.h"

namespace CLI {
class App;
}

namespace whimbrel {

/// Of `plan`: what the end of the work is judged by.
void add_end_flags(CLI::App& plan, Arguments& arguments, std::string& max_time);
void add_limit_flags(CLI::App& up, Arguments& arguments);
void add_steering_commands(CLI::App& app, Arguments& arguments);

}  // namespace whimbrel
