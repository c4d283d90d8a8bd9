#include "flow/plan_end.h"

#include <doctest/doctest.h>

#include "migration/iso_date.h"

namespace whimbrel {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

Windows::Time at(const std::string& text) {
  return Windows::Time(milliseconds(*migration::parse_iso_date(text + "Z")));
}

ExpectedWork work(double p50_hours, double p90_hours) {
  return {p50_hours * 3600, p90_hours * 3600, {}};
}

const Windows::Time kNow = at("2026-12-01T00:00");

}  // namespace

TEST_CASE("an end is judged by half and by nine of ten such runs") {
  TimeLimits limits;
  limits.finish_by = at("2026-12-01T06:00");
  CHECK(expected_end(work(3, 5), limits, kNow).by_wish == Timely::kLikely);
  CHECK(expected_end(work(3, 6), limits, kNow).by_wish == Timely::kLikely);
  CHECK(expected_end(work(3, 7), limits, kNow).by_wish == Timely::kDoubtful);
  CHECK(expected_end(work(6.5, 7), limits, kNow).by_wish == Timely::kUnlikely);
}

TEST_CASE("what is not rehearsed leaves the end open, unless the rest is too long already") {
  TimeLimits limits;
  limits.finish_by = at("2026-12-01T06:00");
  ExpectedWork some = work(1, 2);
  some.unknown = {"20240101000001-a.yaml"};
  ExpectedEnd end = expected_end(some, limits, kNow);
  CHECK(end.by_wish == Timely::kUnknown);
  CHECK(end.p90 == at("2026-12-01T02:00"));
  some.p50 = 7 * 3600, some.p90 = 8 * 3600;
  CHECK(expected_end(some, limits, kNow).by_wish == Timely::kUnlikely);
  CHECK_FALSE(expected_end({0, 0, {"20240101000001-a.yaml"}}, limits, kNow).p50);
}

TEST_CASE("work goes on in the windows only, and is not begun before one opens") {
  TimeLimits limits;
  limits.windows = *Windows::parse({"02:00-06:00"});
  limits.finish_by = at("2026-12-01T06:00");
  limits.max_time = hours(6);
  ExpectedEnd end = expected_end(work(3, 5), limits, kNow);
  CHECK(end.p50 == at("2026-12-01T05:00"));
  CHECK(end.p90 == at("2026-12-02T03:00"));
  CHECK(end.by_wish == Timely::kDoubtful);
  CHECK(end.in_one_go == Timely::kDoubtful);
  auto lines = end_lines(end, limits, kNow);
  REQUIRE(lines.size() == 4);
  CHECK(lines[0] == "the window 02:00-06:00 is closed now");
  CHECK(lines[2].find("done by Tue 2026-12-01 06:00:00 UTC: doubtful") == 0);
}

TEST_CASE("a moment is a date with its zone, or the next such time of the day") {
  CHECK(*parse_moment("2026-12-24T06:00+01:00", kNow) == at("2026-12-24T05:00"));
  CHECK(*parse_moment("06:00", kNow) == at("2026-12-01T06:00"));
  CHECK(*parse_moment("06:00", kNow + hours(7)) == at("2026-12-02T06:00"));
  CHECK(*parse_moment("06:00 Europe/Berlin", kNow) == at("2026-12-01T05:00"));
  CHECK(*parse_moment("00:30 Europe/Berlin", kNow) == at("2026-12-01T23:30"));
  for (const char* bad : {"", "6", "25:00", "tomorrow", "06:00 Europe/Atlantis", "06:00 UTC now"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_moment(bad, kNow));
  }
}

}  // namespace whimbrel
