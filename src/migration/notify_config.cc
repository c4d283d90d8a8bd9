#include "migration/notify_config.h"

#include <algorithm>
#include <array>

namespace whimbrel {
namespace {

constexpr std::array<std::string_view, 6> kEvents = {"started", "paused",   "resumed",
                                                     "failed",  "finished", "quarantine"};

std::string_view file_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

}  // namespace

std::string_view to_text(NotifyEvent event) {
  return kEvents[static_cast<size_t>(event)];
}

std::optional<NotifyEvent> notify_event(std::string_view name) {
  auto found = std::find(kEvents.begin(), kEvents.end(), name);
  if (found == kEvents.end()) return std::nullopt;
  return static_cast<NotifyEvent>(found - kEvents.begin());
}

std::vector<std::string> notify_event_names() {
  return {kEvents.begin(), kEvents.end()};
}

bool Receiver::wants(NotifyEvent event) const {
  return std::find(on.begin(), on.end(), event) != on.end();
}

std::string Receiver::shown() const {
  if (kind == Kind::kWebhook) return "webhook " + shown_url(address);
  if (kind == Kind::kEmail) return "email " + address;
  bool shell = command.size() == 3 && command[0] == "sh";
  std::string_view program = shell ? std::string_view(command[2]) : command.front();
  // Arguments may be secrets.
  if (shell) program = program.substr(0, program.find_first_of(" \t\n;|&<>$'\"="));
  return "command " + std::string(file_name(program));
}

std::string shown_url(std::string_view url) {
  size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return "***";
  std::string_view authority = url.substr(scheme + 3);
  authority = authority.substr(0, authority.find_first_of("/?#"));
  size_t user = authority.rfind('@');
  if (user != std::string_view::npos) authority.remove_prefix(user + 1);
  return std::string(url.substr(0, scheme + 3)) + std::string(authority);
}

}  // namespace whimbrel
