// Who this process is, in words that another process on the same or another host can check.
#pragma once

#include <cstdint>
#include <string>

namespace whimbrel {

/// Identifies one running process across hosts and reboots.
struct ProcessIdentity {
  std::string host;
  std::string user;
  int64_t pid = 0;
  std::string boot;   ///< kernel boot id and pid namespace: equal only where pids mean the same
  int64_t start = 0;  ///< start time in clock ticks after boot; tells a reused pid apart
};

ProcessIdentity this_process();

/// True only when `identity` was a process of this very kernel and pid namespace that does not
/// exist any more. False when in doubt.
bool is_known_dead(const ProcessIdentity& identity);

}  // namespace whimbrel
