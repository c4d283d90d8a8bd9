// Files for people, which appear when they are complete.
#pragma once

#include <functional>
#include <ostream>
#include <string>

#include "base/result.h"

namespace whimbrel {

/// Lets `write` write the file at `path`; stdout for "-". kCannotWrite with `hint`; when that or
/// `write` fails, a file that was there before is as it was.
Status write_whole_file(const std::string& path, const std::string& hint,
                        const std::function<Status(std::ostream&)>& write);

}  // namespace whimbrel
