#include "engine/throttle_control.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

namespace whimbrel {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A control with a clock of its own, asked every 200 ms.
struct Bench {
  ThrottleControl control;
  ThrottleControl::Time now{};
  std::vector<std::pair<ThrottleControl::Time, Gait>> changes;

  void read(std::optional<double> lag) {
    Signal signal{"lag of rs0-2", lag, 2,
                  lag ? std::to_string(*lag) + " s > 2 s" : "unknown: down"};
    if (control.decide(now, {signal})) changes.emplace_back(now, control.gait());
    now += milliseconds(200);
  }
  void read_for(milliseconds duration, std::optional<double> lag) {
    for (auto end = now + duration; now < end;) read(lag);
  }
};

TEST_CASE("a signal at its limit pauses with the first reading, and says which") {
  Bench bench;
  bench.read(0.1);
  bench.read(2.4);
  CHECK(bench.control.gait() == Gait::kPaused);
  CHECK(bench.control.reason() == "lag of rs0-2 2.400000 s > 2 s");
}

TEST_CASE("a pause comes at once also right after another change") {
  Bench bench;
  bench.read(1.6);
  CHECK(bench.control.gait() == Gait::kSlower);
  bench.read(2);
  CHECK(bench.control.gait() == Gait::kPaused);
}

TEST_CASE("what is unknown pauses, unless that is to be ignored") {
  Bench bench;
  bench.read(std::nullopt);
  CHECK(bench.control.gait() == Gait::kPaused);
  CHECK(bench.control.reason() == "lag of rs0-2 unknown: down");
  Bench brave;
  brave.control.ignore_unknown(true);
  brave.read(std::nullopt);
  CHECK(brave.control.gait() == Gait::kFull);
}

TEST_CASE("it goes slower, then with fewer lanes, then not at all, and back the same way") {
  Bench bench;
  bench.read_for(seconds(6), 1.6);
  bench.read_for(seconds(6), 1.85);
  bench.read_for(seconds(6), 2.1);
  bench.read_for(seconds(30), 0.1);
  std::vector<Gait> gaits;
  for (const auto& [at, gait] : bench.changes) gaits.push_back(gait);
  CHECK(gaits == std::vector<Gait>{Gait::kSlower, Gait::kFewerLanes, Gait::kPaused,
                                   Gait::kFewerLanes, Gait::kSlower, Gait::kFull});
  CHECK(bench.control.reason().empty());
}

TEST_CASE("a signal just below its limit does not end a pause") {
  Bench bench;
  bench.read(2.1);
  bench.read_for(seconds(60), 1.7);
  CHECK(bench.control.gait() == Gait::kPaused);
}

TEST_CASE("a signal that flaps changes the state at most once in 5 seconds") {
  for (int period : {1, 2, 3, 5, 10, 20}) {  // readings good, then as many bad
    CAPTURE(period);
    Bench bench;
    for (int i = 0; i < 600; ++i) bench.read(i / period % 2 == 0 ? 0.1 : 2.5);
    for (size_t i = 1; i < bench.changes.size(); ++i) {
      CHECK(bench.changes[i].first - bench.changes[i - 1].first >= seconds(5));
    }
  }
}

TEST_CASE(
    "under any signal only a pause comes within 5 seconds after a change, and no breach is "
    "passed over") {
  CHECK(rc::check([] {
    auto lags = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 30));
    Bench bench;
    for (int lag : lags) {
      bench.read(lag / 10.0);
      RC_ASSERT(lag < 20 || bench.control.gait() == Gait::kPaused);
    }
    for (size_t i = 1; i < bench.changes.size(); ++i) {
      bool soon = bench.changes[i].first - bench.changes[i - 1].first < seconds(5);
      RC_ASSERT(!soon || bench.changes[i].second == Gait::kPaused);
    }
  }));
}

}  // namespace
}  // namespace whimbrel
