// The flags of commands that look after a deployment while it works.
#pragma once

#include <CLI/CLI.hpp>

#include "cli/arguments.h"

namespace whimbrel {

/// Adds them to `app`; what is given goes into `arguments`, which must live as long.
void add_operations_commands(CLI::App& app, Arguments& arguments);

}  // namespace whimbrel
