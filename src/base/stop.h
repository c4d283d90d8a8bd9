// One flag that ends a run in good order: Ctrl-C, a lost lock and a failed lane are the same thing.
#pragma once

#include <atomic>
#include <chrono>

#include "base/result.h"

namespace whimbrel {

/// Set once, read by every loop. Requesting is safe from a signal handler and from any thread.
class Stop {
 public:
  /// With `above`, what stops that one stops this one, too; not the other way round. It outlives
  /// this.
  explicit Stop(const Stop* above = nullptr) : above_(above) {}

  enum class Reason {
    kNone,
    kInterrupt,
    kTerminate,
    kLockLost,
    kLeaseEnded,
    kTimeUp,
    kWindow,
    kPaused,
    kCancelled,
    kFailed
  };

  /// The first reason stays.
  void request(Reason reason) {
    Reason none = Reason::kNone;
    reason_.compare_exchange_strong(none, reason);
  }
  Reason reason() const {
    Reason own = reason_.load();
    return own == Reason::kNone && above_ ? above_->reason() : own;
  }
  bool requested() const { return reason() != Reason::kNone; }
  /// True when somebody else may hold the lock: what cannot be fenced must end at once.
  bool lock_is_gone() const {
    return reason() == Reason::kLockLost || reason() == Reason::kLeaseEnded;
  }

  /// Sleeps, or returns early once stopping was requested (within 20 ms). False if it was.
  bool sleep(std::chrono::milliseconds duration) const;

  /// The Error that ends the run: exit code 130, 143, 75 or 69.
  Error error() const { return error_of(reason()); }
  static Error error_of(Reason reason);

 private:
  const Stop* above_;
  std::atomic<Reason> reason_{Reason::kNone};
};

/// The process's Stop, requested by the first SIGINT or SIGTERM. A second SIGINT restores the
/// cursor and ends the process at once with 130; that is as safe as kill -9.
Stop& process_stop();
void install_signal_handlers();

}  // namespace whimbrel
