#include "state/steering.h"

#include <doctest/doctest.h>

#include <set>

namespace whimbrel {
namespace {

using Kind = SteeringOutcome::Kind;
using State = SteeringState;
using Event = SteeringEvent;

State state_at(size_t i) {
  return static_cast<State>(i);
}
Event event_at(size_t i) {
  return static_cast<Event>(i);
}
bool is_live(State state) {
  return state <= State::kWaiting;
}
bool is_by_a_person(Event event) {
  return event <= Event::kSet || event >= Event::kUp;
}
Kind kind(State state, Event event) {
  return steering_outcome(state, event).kind;
}
State next(State state, Event event) {
  return steering_outcome(state, event).next;
}

TEST_CASE("every event has an outcome in every state, and only people are refused, with a reason") {
  for (size_t s = 0; s < kSteeringStates; ++s) {
    for (size_t e = 0; e < kSteeringEvents; ++e) {
      CAPTURE(to_text(state_at(s)));
      CAPTURE(to_text(event_at(e)));
      const SteeringOutcome& outcome = steering_outcome(state_at(s), event_at(e));
      bool refused = outcome.kind == Kind::kRefused;
      CHECK(refused == !outcome.why.empty());
      CHECK((!refused || is_by_a_person(event_at(e))));
      // What needs a process happens exactly where there is one.
      if (!is_by_a_person(event_at(e))) {
        CHECK((outcome.kind == Kind::kCannot) == !is_live(state_at(s)));
      } else {
        CHECK(outcome.kind != Kind::kCannot);
      }
      CHECK((outcome.kind != Kind::kGoes || outcome.next != state_at(s)));
    }
  }
}

TEST_CASE("names of states and events differ and are read back") {
  std::set<std::string_view> names;
  for (size_t s = 0; s < kSteeringStates; ++s) {
    names.insert(to_text(state_at(s)));
    CHECK(steering_state(to_text(state_at(s))) == state_at(s));
  }
  for (size_t e = 0; e < kSteeringEvents; ++e) names.insert(to_text(event_at(e)));
  CHECK(names.size() == kSteeringStates + kSteeringEvents);
  CHECK(steering_state("") == State::kInterrupted);
}

TEST_CASE("a live run ends by stop, failure and finish, and can always be cancelled") {
  for (State state : {State::kRunning, State::kThrottled, State::kPaused, State::kWaiting}) {
    CHECK(next(state, Event::kStop) == State::kInterrupted);
    CHECK(next(state, Event::kCancel) == State::kInterrupted);
    CHECK(next(state, Event::kFail) == State::kFailed);
    CHECK(next(state, Event::kFinish) == State::kDone);
    CHECK(kind(state, Event::kUp) == Kind::kRefused);
    CHECK(kind(state, Event::kDown) == Kind::kRefused);
    CHECK(kind(state, Event::kSet) == Kind::kStays);
  }
}

TEST_CASE("only a person takes back a person's pause, and nothing automatic ends a run") {
  for (Event event :
       {Event::kWindowOpens, Event::kWindowCloses, Event::kSignalGood, Event::kSignalBad}) {
    CHECK(kind(State::kPaused, event) == Kind::kStays);
    for (State state : {State::kRunning, State::kThrottled, State::kWaiting}) {
      const SteeringOutcome& outcome = steering_outcome(state, event);
      CHECK((outcome.kind != Kind::kGoes || is_live(outcome.next)));
    }
  }
  CHECK(next(State::kPaused, Event::kResume) == State::kRunning);
}

TEST_CASE("a pause can be asked for in every live state") {
  CHECK(next(State::kRunning, Event::kPause) == State::kPaused);
  CHECK(next(State::kThrottled, Event::kPause) == State::kPaused);
  CHECK(next(State::kWaiting, Event::kPause) == State::kPaused);
  CHECK(kind(State::kPaused, Event::kPause) == Kind::kStays);
}

TEST_CASE("what holds a run goes the way that it came") {
  CHECK(next(State::kRunning, Event::kWindowCloses) == State::kWaiting);
  CHECK(next(State::kWaiting, Event::kWindowOpens) == State::kRunning);
  CHECK(next(State::kRunning, Event::kSignalBad) == State::kThrottled);
  CHECK(next(State::kThrottled, Event::kSignalGood) == State::kRunning);
  CHECK(next(State::kThrottled, Event::kWindowCloses) == State::kWaiting);
}

TEST_CASE("a run at rest keeps a resume and settings for later, and refuses what needs a process") {
  for (State state : {State::kInterrupted, State::kFailed}) {
    CHECK(kind(state, Event::kResume) == Kind::kStays);
    CHECK(kind(state, Event::kSet) == Kind::kStays);
    CHECK(kind(state, Event::kPause) == Kind::kRefused);
    CHECK(kind(state, Event::kCancel) == Kind::kRefused);
    CHECK(next(state, Event::kUp) == State::kRunning);
    CHECK(next(state, Event::kDown) == State::kRunning);
  }
  for (Event event : {Event::kPause, Event::kResume, Event::kCancel, Event::kSet}) {
    CHECK(kind(State::kDone, event) == Kind::kRefused);
    CHECK(kind(State::kUndone, event) == Kind::kRefused);
  }
}

}  // namespace
}  // namespace whimbrel
