// What every batch passes before it begins: holds, the number of lanes, the rate, a gait.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "base/stop.h"
#include "engine/batch_size.h"
#include "engine/throttle_control.h"

namespace whimbrel {

/// Why no batch begins. Several may be there at once.
enum class Hold { kByHand, kWindow, kSignal };

/// What can be changed while lanes work; what is unset is as the task has it.
struct LaneSettings {
  std::optional<int> workers;
  std::optional<int> batch_docs;
  std::optional<std::chrono::milliseconds> batch_time;
  std::optional<int64_t> max_rate;    ///< documents a second, of all lanes together
  std::optional<int64_t> max_errors;  ///< documents in quarantine that a step bears
};

/// Lanes enter() before a batch and leave() after it; controllers hold, release and set. A batch
/// that has begun is never interrupted. Thread-safe. One for a whole command.
class Throttle {
 public:
  using Clock = std::chrono::steady_clock;
  using Duration = std::chrono::duration<double, std::milli>;

  /// One that holds nothing back, for commands that nobody steers.
  static Throttle& none();

  /// Waits until a batch may begin; returns at once when stopping was requested.
  void enter(const Stop& stop);
  void leave(int64_t documents);
  /// A lane's batch, as long as it lives; takes no part in the rate.
  class Turn {
   public:
    Turn(Throttle& throttle, const Stop& stop) : throttle_(throttle) { throttle_.enter(stop); }
    ~Turn() { throttle_.leave(documents); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    int64_t documents = 0;  ///< that it was about

   private:
    Throttle& throttle_;
  };
  /// `limits` with what was set since; under a rate a batch has what half a second allows.
  BatchLimits now(const BatchLimits& limits) const;
  /// How long a lane rests after a batch that took that long.
  std::chrono::milliseconds rest_after(Duration took) const;
  /// Returns when more than `lanes` are wanted, when it has ended, or after `patience`. True if
  /// they are.
  bool wants_more_than(int lanes, const std::stop_token& ended,
                       std::chrono::milliseconds patience) const;
  /// Lanes to begin a step with, `otherwise` when nobody set it.
  int workers(int otherwise) const;
  /// Documents in quarantine that a step bears, `otherwise` when nobody set it.
  int64_t max_errors(int64_t otherwise) const;

  void hold(Hold hold);
  void release(Hold hold);
  bool is_held(Hold hold) const;
  /// No batch is under way.
  bool is_still() const;
  void set(const LaneSettings& settings);
  void set_gait(Gait gait);
  /// Without another call before that, batches wait: who does not hear of a server's health does
  /// not know it. nullopt: for ever.
  void trust_until(std::optional<Clock::time_point> time);

 private:
  bool may_enter() const;
  int most_inside() const;

  mutable std::mutex mutex_;
  mutable std::condition_variable_any changed_;
  std::array<bool, 3> holds_{};
  Gait gait_ = Gait::kFull;
  LaneSettings settings_;
  std::optional<Clock::time_point> trusted_until_;
  Clock::time_point next_{};  ///< under a rate: not before
  int inside_ = 0;
};

}  // namespace whimbrel
