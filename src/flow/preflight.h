// What can be known of the server before a run begins: room, connections, members.
#pragma once

#include <string>
#include <vector>

#include "mongo/health.h"
#include "observe/reporter.h"

namespace whimbrel {

/// Looks at a reading of the server's health and says what is well and what is not. Nothing of it
/// keeps a run from beginning: that is what gates and `throttle` are for.
///
/// Not well: less than a tenth of the disk, or of the connections, is free; a member is down; one
/// lags by more than 10 s; flow control holds writes back.
std::vector<PreflightItem> preflight(const mongo::Health& health);

}  // namespace whimbrel
