// One attempt to hand a notification to a receiver.
#pragma once

#include <atomic>
#include <chrono>
#include <string>

#include "observe/notification.h"

namespace whimbrel {

/// What came of it.
struct Answer {
  bool taken = false;
  bool again = false;                 ///< not taken, for a reason that may pass
  std::chrono::milliseconds wait{0};  ///< the receiver asks to be left alone for so long
  std::string text;                   ///< "HTTP 200", "exit 1: no route"; no secrets
};

/// Blocks for at most the receiver's timeout, and returns within about 100 ms once `abandoned` is
/// set. Commands run in `directory`. Thread-safe.
Answer deliver(const Receiver& receiver, const Notification& notification,
               const std::string& directory, const std::atomic<bool>& abandoned);

}  // namespace whimbrel
