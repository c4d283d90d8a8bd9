// Hands notifications to receivers, beside the run: each receiver has a queue and a thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "observe/notification.h"

namespace whimbrel {

/// Thread-safe. Nothing here ever waits for a receiver but finish().
class Notifier {
 public:
  /// Told in one line what was not delivered and why; called by the threads and by finish().
  using Warn = std::function<void(const std::string& warning)>;

  /// Commands of receivers run in `directory`.
  Notifier(std::vector<Receiver> receivers, const std::string& directory, Warn warn);
  /// finish() if nobody called it.
  ~Notifier();
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  const std::vector<Receiver>& receivers() const { return receivers_; }

  /// Queues it for the receiver of that number. What is refused for a reason that may pass is tried
  /// again, up to four times in all, with the same key. A queue holds 64; the oldest one goes
  /// first.
  void send(size_t receiver, const Notification& notification);

  /// Waits until all is delivered, for each receiver no longer than its timeout; what is left then
  /// is given up with a warning.
  void finish();

 private:
  class Mailbox;
  std::vector<Receiver> receivers_;
  std::vector<std::unique_ptr<Mailbox>> mailboxes_;
};

}  // namespace whimbrel
