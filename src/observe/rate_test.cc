#include "observe/rate.h"

#include <doctest/doctest.h>

using namespace whimbrel;
using std::chrono::milliseconds;

TEST_CASE("an ETA is not given before there is a second of evidence") {
  RateMeter meter;
  RateMeter::Time start{};
  meter.start(start, 0);
  meter.update(start + milliseconds(100), 100);
  CHECK_FALSE(meter.eta(1000, 100).has_value());
}

TEST_CASE("a steady rate gives the exact ETA") {
  RateMeter meter;
  RateMeter::Time start{};
  meter.start(start, 500);
  for (int i = 1; i <= 50; ++i) meter.update(start + milliseconds(100 * i), 500 + 10 * i);
  CHECK(meter.per_second() == doctest::Approx(100));
  CHECK(*meter.eta(2000, 1000) == doctest::Approx(10));
}

TEST_CASE("an ETA is never negative when more documents turn up than were counted") {
  RateMeter meter;
  RateMeter::Time start{};
  meter.start(start, 0);
  meter.update(start + milliseconds(2000), 2000);
  CHECK(*meter.eta(1000, 2000) == 0);
}

TEST_CASE("a step that stands still has no ETA") {
  RateMeter meter;
  RateMeter::Time start{};
  meter.start(start, 10);
  meter.update(start + milliseconds(5000), 10);
  CHECK_FALSE(meter.eta(1000, 10).has_value());
}

TEST_CASE("a step that has stood still for ten seconds has no ETA until it goes on") {
  RateMeter meter;
  RateMeter::Time start{};
  meter.start(start, 0);
  meter.update(start + milliseconds(2000), 200);
  meter.update(start + milliseconds(12'000), 200);
  CHECK(meter.eta(1000, 200).has_value());
  meter.update(start + milliseconds(12'100), 200);
  CHECK_FALSE(meter.eta(1000, 200).has_value());
  meter.update(start + milliseconds(12'200), 201);
  CHECK(meter.eta(1000, 201).has_value());
}

TEST_CASE("a percentage stays below 100 until everything is done and never passes it") {
  CHECK(*percent(1'000'000, 999'999) == doctest::Approx(99.9));
  CHECK(*percent(10, 10) == 100);
  CHECK(*percent(10, 12) == 100);
  CHECK_FALSE(percent(0, 0).has_value());
}
