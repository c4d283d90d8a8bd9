#include "base/service_manager.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "base/text.h"

namespace whimbrel {
namespace {

/// Its length, or 0 when the name cannot be an address.
socklen_t address_of(std::string_view name, sockaddr_un& address) {
  bool abstract = name.starts_with('@');
  bool fits = name.size() < sizeof address.sun_path;
  if (!fits || !(abstract || name.starts_with('/'))) return 0;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, name.data(), name.size());
  if (abstract) address.sun_path[0] = '\0';
  // An abstract name has no end mark: every byte counts.
  return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() + (abstract ? 0 : 1));
}

std::optional<int64_t> number_in(const char* variable) {
  const char* text = std::getenv(variable);
  auto number = parse_count(text ? text : "");
  return number ? std::optional(*number) : std::nullopt;
}

}  // namespace

void tell_service_manager(std::string_view message) {
  const char* name = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address{};
  socklen_t length = name && name[0] ? address_of(name, address) : 0;
  if (length == 0) return;
  int channel = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (channel < 0) return;
  // The next status and the next ping make up for a lost one; nothing makes up for these.
  bool must_arrive = message.starts_with("READY=1") || message.starts_with("STOPPING=1");
  timeval patience{.tv_sec = 0, .tv_usec = 500'000};
  setsockopt(channel, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  (void)!sendto(channel, message.data(), message.size(),
                MSG_NOSIGNAL | (must_arrive ? 0 : MSG_DONTWAIT),
                reinterpret_cast<const sockaddr*>(&address), length);
  close(channel);
}

std::optional<std::chrono::milliseconds> watchdog_interval() {
  auto usec = number_in("WATCHDOG_USEC");
  auto pid = number_in("WATCHDOG_PID");
  if (!usec || *usec < 1000 || (pid && *pid != getpid())) return std::nullopt;
  // Half of it, as sd_watchdog_enabled(3) advises.
  return std::chrono::milliseconds(*usec / 2000);
}

}  // namespace whimbrel
