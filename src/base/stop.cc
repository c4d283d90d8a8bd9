#include "base/stop.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

namespace whimbrel {
namespace {

std::atomic<int> interrupts{0};

void on_signal(int signal) {
  process_stop().request(signal == SIGINT ? Stop::Reason::kInterrupt : Stop::Reason::kTerminate);
  if (signal != SIGINT || interrupts.fetch_add(1) == 0) return;
  constexpr char kShowCursor[] = "\033[?25h\n";
  if (isatty(STDERR_FILENO)) {
    [[maybe_unused]] ssize_t written = write(STDERR_FILENO, kShowCursor, sizeof kShowCursor - 1);
  }
  _exit(exit_code(ErrorKind::kInterrupted));
}

}  // namespace

bool Stop::sleep(std::chrono::milliseconds duration) const {
  auto end = std::chrono::steady_clock::now() + duration;
  while (!requested()) {
    auto left = end - std::chrono::steady_clock::now();
    if (left <= left.zero()) return true;
    std::this_thread::sleep_for(
        std::min<std::chrono::steady_clock::duration>(left, std::chrono::milliseconds(20)));
  }
  return false;
}

Error Stop::error_of(Reason reason) {
  constexpr const char* kGoOn = "whimbrel up";
  switch (reason) {
    case Reason::kTerminate:
      return Error{ErrorKind::kTerminated,
                   "stopped by SIGTERM; the running batches were finished and saved", kGoOn};
    case Reason::kLockLost:
      return Error{ErrorKind::kLockHeld,
                   "the lock was lost to another process; nothing was written after that",
                   "whimbrel status"};
    case Reason::kLeaseEnded:
      return Error{ErrorKind::kUnreachable,
                   "the server did not answer until the lease of the lock had ended; nothing was "
                   "written after that"};
    case Reason::kTimeUp:
      return Error{ErrorKind::kPaused,
                   "the time of --max-time is up; the running batches were finished and saved",
                   kGoOn};
    case Reason::kWindow:
      return Error{ErrorKind::kPaused,
                   "the window has closed, and --no-wait was given; what was running was finished "
                   "and saved",
                   kGoOn};
    case Reason::kPaused:
      return Error{ErrorKind::kPaused,
                   "the run is paused, and --no-wait was given; what was running was finished and "
                   "saved",
                   "whimbrel resume, then: whimbrel up"};
    case Reason::kCancelled:
      return Error{ErrorKind::kPaused,
                   "cancelled by `whimbrel cancel`; the running batches were finished and saved",
                   "go on: whimbrel up; or undo what was done: whimbrel down"};
    case Reason::kFailed:
      return Error{ErrorKind::kFailed, "stopped because another lane failed"};
    default:
      return Error{ErrorKind::kInterrupted,
                   "stopped by Ctrl-C; the running batches were finished and saved", kGoOn};
  }
}

Stop& process_stop() {
  static Stop stop;
  return stop;
}

void install_signal_handlers() {
  process_stop();
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);  // a log file at its limit must not end the run
}

}  // namespace whimbrel
