#include "flow/run_settings.h"

#include <doctest/doctest.h>

#include "flow/task_plan.h"

namespace whimbrel {
namespace {

using std::chrono::milliseconds;

TEST_CASE("settings of a run are taken by their names in the configuration") {
  RunSettings settings;
  REQUIRE(apply_setting(settings, "workers", "3"));
  REQUIRE(apply_setting(settings, "batch.docs", "250"));
  REQUIRE(apply_setting(settings, "batch.time", "40ms"));
  REQUIRE(apply_setting(settings, "throttle.maxLag", "5s"));
  REQUIRE(apply_setting(settings, "throttle.maxRate", "2000"));
  CHECK(settings.lanes.workers == 3);
  CHECK(settings.lanes.batch_docs == 250);
  CHECK(settings.lanes.batch_time == milliseconds(40));
  CHECK(settings.throttle.max_lag == milliseconds(5'000));
  CHECK(settings.lanes.max_rate == 2'000);
  REQUIRE(apply_setting(settings, "throttle.maxLag", "off"));
  REQUIRE(apply_setting(settings, "maxRate", "off"));
  CHECK_FALSE(settings.throttle.max_lag);
  CHECK_FALSE(settings.lanes.max_rate);
  REQUIRE(apply_setting(settings, "maxErrors", "0"));
  CHECK(settings.lanes.max_errors == 0);
  REQUIRE(apply_setting(settings, "window", "22:00-06:00 Europe/Berlin; except 2026-12-24"));
  CHECK(settings.windows->text() == "22:00-06:00 Europe/Berlin; except 2026-12-24");
  REQUIRE(apply_setting(settings, "window", "off"));
  CHECK_FALSE(settings.windows->are_set());
}

TEST_CASE("a word for how much a run may take sets lanes and signals, and keeps the rate") {
  RunSettings settings;
  REQUIRE(apply_setting(settings, "maxRate", "100"));
  REQUIRE(apply_setting(settings, "nice", "gentle"));
  CHECK(settings.lanes.workers == 1);
  CHECK(settings.throttle.max_lag == milliseconds(2'000));
  REQUIRE(apply_setting(settings, "nice", "fast"));
  CHECK_FALSE(settings.throttle.has_signals());
  CHECK(settings.lanes.workers == auto_workers());
  CHECK(settings.lanes.batch_docs == 5'000);
  CHECK(settings.lanes.max_rate == 100);
}

TEST_CASE(
    "a setting that there is not, or a value that it cannot have, is refused and changes "
    "nothing") {
  for (auto [key, value] :
       std::vector<std::pair<std::string, std::string>>{{"worker", "3"},
                                                        {"workers", "0"},
                                                        {"workers", "many"},
                                                        {"batch.docs", "-1"},
                                                        {"batch.time", "fast"},
                                                        {"maxErrors", "1%"},
                                                        {"maxErrors", "-1"},
                                                        {"window", "at night"},
                                                        {"window", ""},
                                                        {"nice", "rude"},
                                                        {"throttle.maxLag", "5"},
                                                        {"throttle.maxDirtyCache", "15"},
                                                        {"throttle.maxQueue", "0"},
                                                        {"throttle.on_unknown", "explode"},
                                                        {"throttle.custom", "x"}}) {
    CAPTURE(key);
    CAPTURE(value);
    RunSettings settings;
    auto set = apply_setting(settings, key, value);
    REQUIRE_FALSE(set);
    CHECK(set.error().kind == ErrorKind::kUsage);
    CHECK(set.error().message.find(key == "worker" ? "workers" : value) != std::string::npos);
    CHECK_FALSE(settings.lanes.workers);
    CHECK_FALSE(settings.throttle.has_signals());
  }
}

}  // namespace
}  // namespace whimbrel
