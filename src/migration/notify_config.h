// `notify:` of whimbrel.yaml: who hears of what a run does.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace whimbrel {

enum class NotifyEvent { kStarted, kPaused, kResumed, kFailed, kFinished, kQuarantine };
std::string_view to_text(NotifyEvent event);
std::optional<NotifyEvent> notify_event(std::string_view name);
/// All of them, in the order of the enum.
std::vector<std::string> notify_event_names();

/// One item of the list.
struct Receiver {
  enum class Kind { kWebhook, kCommand, kEmail };
  enum class Format { kJson, kSlack, kTeams };
  Kind kind = Kind::kWebhook;
  Format format = Format::kJson;     ///< of a webhook
  std::string address;               ///< URL, or e-mail address; a URL is a secret
  std::vector<std::string> command;  ///< program and arguments; a shell string is `sh -c`
  std::string sendmail = "/usr/sbin/sendmail";
  std::vector<NotifyEvent> on = {NotifyEvent::kFailed, NotifyEvent::kFinished};
  int64_t above = 0;  ///< documents in quarantine that are no news
  std::chrono::milliseconds timeout{10'000};

  bool wants(NotifyEvent event) const;
  /// As it may be shown: "webhook https://hooks.example.com", "command page.sh", "email ops@…".
  std::string shown() const;
};

struct NotifyConfig {
  std::vector<Receiver> receivers;
  /// What was wrong once variables were filled in, one problem a line with file:line:column: an
  /// error for whoever notifies, since others need not have the variables set.
  std::string problems;
};

/// Scheme and host (with the port) of a URL: what may be shown of it.
std::string shown_url(std::string_view url);

}  // namespace whimbrel
