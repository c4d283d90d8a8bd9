#include "state/steering.h"

namespace whimbrel {
namespace {

using Kind = SteeringOutcome::Kind;
using State = SteeringState;

constexpr std::array<std::string_view, kSteeringStates> kStateNames = {
    "running", "throttled", "paused", "waiting", "interrupted", "failed", "done", "undone"};
constexpr std::array<std::string_view, kSteeringEvents> kEventNames = {
    "pause",        "resume",     "cancel",      "set",  "window closes",
    "window opens", "signal bad", "signal good", "stop", "fail",
    "finish",       "up",         "down"};

constexpr SteeringOutcome goes(State next) {
  return {Kind::kGoes, next};
}
constexpr SteeringOutcome stays() {
  return {Kind::kStays};
}
constexpr SteeringOutcome refused(std::string_view why) {
  return {Kind::kRefused, State::kRunning, why};
}
constexpr SteeringOutcome cannot() {
  return {Kind::kCannot};
}

constexpr auto kBusy = refused("it is under way: another whimbrel holds the lock");
constexpr auto kNobody = refused("nobody works on it: whimbrel up goes on with it");
constexpr auto kNotPaused = refused("it is not paused");
constexpr auto kEnded = refused("it has ended: whimbrel status says what is open");

using Row = std::array<SteeringOutcome, kSteeringEvents>;

constexpr Row kRunningRow = {
    goes(State::kPaused),       // pause
    kNotPaused,                 // resume
    goes(State::kInterrupted),  // cancel
    stays(),                    // set
    goes(State::kWaiting),      // window closes
    stays(),                    // window opens
    goes(State::kThrottled),    // signal bad
    stays(),                    // signal good
    goes(State::kInterrupted),  // stop
    goes(State::kFailed),       // fail
    goes(State::kDone),         // finish; kUndone when it is a `down`
    kBusy,                      // up
    kBusy,                      // down
};

constexpr Row kThrottledRow = {
    goes(State::kPaused),  // pause
    refused("nobody paused it: a signal did; whimbrel set throttle.KEY=VALUE changes its limit"),
    goes(State::kInterrupted),  // cancel
    stays(),                    // set: a new limit makes the signal good or bad
    goes(State::kWaiting),      // window closes
    stays(),                    // window opens
    stays(),                    // signal bad
    goes(State::kRunning),      // signal good
    goes(State::kInterrupted),  // stop
    goes(State::kFailed),       // fail
    goes(State::kDone),         // finish: the last batch was under way
    kBusy,                      // up
    kBusy,                      // down
};

constexpr Row kPausedRow = {
    stays(),                    // pause: the newer reason is kept
    goes(State::kRunning),      // resume
    goes(State::kInterrupted),  // cancel
    stays(),                    // set
    stays(),                    // window closes
    stays(),                    // window opens
    stays(),                    // signal bad
    stays(),                    // signal good
    goes(State::kInterrupted),  // stop: the pause stays asked for
    goes(State::kFailed),       // fail
    goes(State::kDone),         // finish: the last batch was under way
    kBusy,                      // up
    kBusy,                      // down
};

constexpr Row kWaitingRow = {
    goes(State::kPaused),  // pause
    refused("nobody paused it: its window is closed; cancel it, then whimbrel up with --window"),
    goes(State::kInterrupted),  // cancel
    stays(),                    // set
    stays(),                    // window closes
    goes(State::kRunning),      // window opens
    stays(),                    // signal bad
    stays(),                    // signal good
    goes(State::kInterrupted),  // stop
    goes(State::kFailed),       // fail
    goes(State::kDone),         // finish: the last batch was under way
    kBusy,                      // up
    kBusy,                      // down
};

/// Nobody works on it: what needs a process does not happen. `later`: of a resume and of settings,
/// which are kept for whoever goes on with it.
constexpr Row at_rest(SteeringOutcome now, SteeringOutcome later, SteeringOutcome up,
                      SteeringOutcome down) {
  return {now,      later,    now,      later,    cannot(), cannot(), cannot(),
          cannot(), cannot(), cannot(), cannot(), up,       down};
}

constexpr std::array<Row, kSteeringStates> kTable = {
    kRunningRow,
    kThrottledRow,
    kPausedRow,
    kWaitingRow,
    at_rest(kNobody, stays(), goes(State::kRunning), goes(State::kRunning)),  // interrupted
    at_rest(kNobody, stays(), goes(State::kRunning), goes(State::kRunning)),  // failed
    at_rest(kEnded, kEnded, stays(), goes(State::kRunning)),                  // done
    at_rest(kEnded, kEnded, goes(State::kRunning), stays()),                  // undone
};

}  // namespace

const SteeringOutcome& steering_outcome(SteeringState state, SteeringEvent event) {
  return kTable[static_cast<size_t>(state)][static_cast<size_t>(event)];
}

std::string_view to_text(SteeringState state) {
  return kStateNames[static_cast<size_t>(state)];
}

std::string_view to_text(SteeringEvent event) {
  return kEventNames[static_cast<size_t>(event)];
}

SteeringState steering_state(std::string_view text) {
  for (size_t i = 0; i < kStateNames.size(); ++i) {
    if (kStateNames[i] == text) return static_cast<SteeringState>(i);
  }
  return SteeringState::kInterrupted;
}

}  // namespace whimbrel
