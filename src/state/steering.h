// Steering: every state that a run can be in, every event, and what becomes of it: one table.
#pragma once

#include <array>
#include <string_view>

namespace whimbrel {

/// What a run is seen to be, by whoever steers it. The same for `up` and `down`.
enum class SteeringState {
  kRunning,
  kThrottled,    ///< no batch begins: the database is not well, or nobody knows whether it is
  kPaused,       ///< no batch begins: a person asked for that
  kWaiting,      ///< no batch begins: the window is closed
  kInterrupted,  ///< nobody works on it; it can be gone on with, or undone
  kFailed,       ///< the same, and something has to be mended
  kDone,
  kUndone,
};
inline constexpr size_t kSteeringStates = 8;

enum class SteeringEvent {
  kPause,  ///< by a person, as the next three
  kResume,
  kCancel,
  kSet,
  kWindowCloses,
  kWindowOpens,
  kSignalBad,   ///< a signal is at its limit, or not known
  kSignalGood,  ///< all are well below, and have been for a while
  kStop,        ///< SIGINT, SIGTERM, `--max-time`, a lost lock, kill -9
  kFail,
  kFinish,
  kUp,    ///< somebody calls `up`
  kDown,  ///< somebody calls `down`
};
inline constexpr size_t kSteeringEvents = 13;

struct SteeringOutcome {
  enum class Kind {
    kGoes,     ///< to `next`
    kStays,    ///< taken note of, or without effect
    kRefused,  ///< with the reason `why`
    kCannot,   ///< does not happen in that state
  };
  Kind kind = Kind::kCannot;
  SteeringState next = SteeringState::kRunning;
  std::string_view why = "";  ///< a sentence about "it", with the command to type instead
};

/// Every cell is set. Reasons that stay are kept beside the state: a run that is resumed by hand
/// while its window is closed goes to kRunning and, by kWindowCloses, to kWaiting at once.
const SteeringOutcome& steering_outcome(SteeringState state, SteeringEvent event);

std::string_view to_text(SteeringState state);
std::string_view to_text(SteeringEvent event);
/// kInterrupted for a text that is none.
SteeringState steering_state(std::string_view text);

}  // namespace whimbrel
