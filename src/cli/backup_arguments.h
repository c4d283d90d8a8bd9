// The flags of `backup` and `restore`.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "cli/arguments.h"

namespace whimbrel {

/// `workers` is the text of --workers, parsed by the caller.
void add_backup_commands(CLI::App& app, Arguments& arguments, std::string& workers);

}  // namespace whimbrel
