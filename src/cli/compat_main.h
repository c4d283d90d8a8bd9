// whimbrel called as migrate-mongo.
#pragma once

#include <string>
#include <vector>

namespace whimbrel {

/// Whether it was called by that name, or with --compat in front.
bool is_compat_call(int argc, char** argv);

/// Runs one command line as migrate-mongo 14 does; returns the exit code.
int compat_main(int argc, char** argv);

}  // namespace whimbrel
