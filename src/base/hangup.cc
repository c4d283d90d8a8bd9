#include "base/hangup.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>

namespace whimbrel {
namespace {

std::atomic<int> count{0};
static_assert(std::atomic<int>::is_always_lock_free);  // a signal handler adds to it

void on_hangup(int) {
  count.fetch_add(1);
}

}  // namespace

void count_hangups() {
  if (isatty(STDIN_FILENO) || isatty(STDERR_FILENO)) return;
  struct sigaction now {};
  if (sigaction(SIGHUP, nullptr, &now) != 0 || now.sa_handler != SIG_DFL) return;
  struct sigaction action {};
  action.sa_handler = on_hangup;
  action.sa_flags = SA_RESTART;
  sigaction(SIGHUP, &action, nullptr);
}

int hangups() {
  return count.load();
}

}  // namespace whimbrel
