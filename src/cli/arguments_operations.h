// The flags of commands that look after a deployment while it works.
#pragma once

#include <CLI/CLI.hpp>

#include "cli/arguments.h"

namespace whimbrel {

/// `--every`, at least kShortestEvery.
void add_every(CLI::App& command, Arguments& arguments, const std::string& what);
/// Adds them to `app`; what is given goes into `arguments`, which must live as long.
void add_operations_commands(CLI::App& app, Arguments& arguments);

}  // namespace whimbrel
