// What `lint` asks the server.
#pragma once

#include <vector>

#include "flow/lint_file.h"
#include "flow/project.h"

namespace whimbrel {

/// Adds the findings W005 and W006 of files that are asked about; what the server refuses becomes a
/// note. Reads only: counts from metadata, and explain without running anything.
void ask_server(Project& project, std::vector<LintedFile>& files);

}  // namespace whimbrel
