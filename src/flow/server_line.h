// How the server is, in one line beside a run's progress.
#pragma once

#include <string>

#include "mongo/health.h"

namespace whimbrel {

/// "lag 0.3 s (db2:27017)  cache dirty 3.1 %  tickets 11/128  queue 0  connections 212"; what is
/// not known is left out, but a lag that should be known says "lag unknown". "" when nothing is
/// known.
std::string server_line(const mongo::Health& health);

}  // namespace whimbrel
