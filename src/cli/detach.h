// `up --detach`: the command goes on in the background.
#pragma once

#include "cli/arguments.h"

namespace whimbrel {

/// Runs `command` in a process of its own session without a terminal and waits until it begins its
/// work; prints then where it is and returns 0. When it ends before that, what it said is passed on
/// and its exit code returned. Call it before there are threads.
Result<int> run_detached(const Arguments& arguments, Result<int> (*command)(const Arguments&));

/// In the new process: the lock is held and the work begins. With nothing to do the parent goes on
/// waiting for the end. Does nothing elsewhere, or a second time.
void leave_parent(size_t to_do, const std::string& log_file);

}  // namespace whimbrel
