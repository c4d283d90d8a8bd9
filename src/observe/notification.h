// One notification, and how each kind of receiver wants it written.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "migration/notify_config.h"
#include "state/runs.h"

namespace whimbrel {

/// What happened, as plain values without secrets.
struct Notification {
  NotifyEvent event = NotifyEvent::kFinished;
  int64_t at = 0;  ///< milliseconds since the epoch
  std::string database, environment, host, command;
  std::string run;                      ///< of this process, as the log file's name has it
  std::string migration;                ///< that is worked on; "" between two
  std::vector<std::string> migrations;  ///< of a started run: to do; of an ended one: done
  std::string message;
  std::optional<int> exit;  ///< of an ended run
  Counts documents;
  double seconds = 0;  ///< since the command began
  std::string log_file;
  std::string key;  ///< the same for every attempt to deliver it, and for no other
  bool test = false;
};

/// The event as JSON, as docs/notify.md has it.
std::string notification_json(const Notification& notification);
/// The body of a webhook's request, in its format.
std::string webhook_body(const Notification& notification, Receiver::Format format);
/// A whole message with its header, for `sendmail`.
std::string mail_text(const Notification& notification, const std::string& address);

}  // namespace whimbrel
