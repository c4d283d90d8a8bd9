// Tells the service manager that started this process how it is: the protocol of sd_notify(3).
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace whimbrel {

/// Sends "READY=1", "STATUS=…" and the like, one assignment a line, to the socket that
/// $NOTIFY_SOCKET names (a path, or an abstract one with '@' in front). Does nothing without it;
/// never blocks, and a message that cannot be sent is lost. Thread-safe.
void tell_service_manager(std::string_view message);

/// How often the manager wants "WATCHDOG=1" of this process ($WATCHDOG_USEC, $WATCHDOG_PID).
std::optional<std::chrono::milliseconds> watchdog_interval();

}  // namespace whimbrel
