// Passwords on the command line, which everybody on the machine can read in the process list.
#pragma once

namespace whimbrel {

/// Overwrites the password of every connection string in `argv`, in place; true if there was one.
/// Call it when the arguments are parsed.
bool hide_passwords(int argc, char** argv);

}  // namespace whimbrel
