#include "base/window.h"

#include <date/date.h>
#include <doctest/doctest.h>

#include <sstream>

namespace whimbrel {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

Windows::Time at(const std::string& text) {
  std::istringstream in(text);
  date::sys_seconds time;
  in >> date::parse("%F %T", time);
  REQUIRE_FALSE(in.fail());
  return Windows::Time(time.time_since_epoch());
}

Windows windows(const std::vector<std::string>& texts) {
  auto parsed = Windows::parse(texts);
  REQUIRE(parsed);
  return std::move(parsed).value();
}

TEST_CASE("without windows it is always open and never closes") {
  Windows none;
  CHECK_FALSE(none.are_set());
  CHECK(none.is_open(at("2026-03-29 00:59:59")));
  CHECK_FALSE(none.closes(at("2026-03-29 00:59:59")));
  CHECK(none.done(at("2026-03-29 00:00:00"), hours(5)) == at("2026-03-29 05:00:00"));
}

TEST_CASE("a window over midnight belongs to the day that it begins on") {
  Windows night = windows({"Fri 22:00-06:00 UTC"});
  CHECK_FALSE(night.is_open(at("2026-11-27 21:59:59")));  // a Friday
  CHECK(night.is_open(at("2026-11-27 22:00:00")));
  CHECK(night.is_open(at("2026-11-28 05:59:59")));
  CHECK_FALSE(night.is_open(at("2026-11-28 06:00:00")));
  CHECK_FALSE(night.is_open(at("2026-11-28 22:00:00")));
  CHECK(night.closes(at("2026-11-27 23:00:00")) == at("2026-11-28 06:00:00"));
  CHECK(night.opens(at("2026-11-28 06:00:00")) == at("2026-12-04 22:00:00"));
}

TEST_CASE("days can be ranges, lists, and go around the week") {
  Windows some = windows({"Fri-Mon,Wed 10:00-11:00"});
  CHECK(some.is_open(at("2026-11-30 10:30:00")));        // Monday
  CHECK_FALSE(some.is_open(at("2026-12-01 10:30:00")));  // Tuesday
  CHECK(some.is_open(at("2026-12-02 10:30:00")));
  CHECK_FALSE(some.is_open(at("2026-12-03 10:30:00")));
  CHECK(some.is_open(at("2026-12-04 10:30:00")));
}

TEST_CASE("hours are those of the clocks in the zone, in summer and in winter") {
  Windows berlin = windows({"02:00-06:00 Europe/Berlin"});
  CHECK(berlin.opens(at("2026-07-01 12:00:00")) == at("2026-07-02 00:00:00"));
  CHECK(berlin.opens(at("2026-12-01 12:00:00")) == at("2026-12-02 01:00:00"));
}

TEST_CASE("where clocks are put forward a window begins with the first moment that exists") {
  Windows berlin = windows({"02:30-06:00 Europe/Berlin"});  // 02:00 becomes 03:00 on 2026-03-29
  CHECK_FALSE(berlin.is_open(at("2026-03-29 00:59:59")));
  CHECK(berlin.is_open(at("2026-03-29 01:00:00")));
  CHECK(berlin.closes(at("2026-03-29 01:00:00")) == at("2026-03-29 04:00:00"));
  Windows gone = windows({"02:10-02:50 Europe/Berlin"});
  CHECK_FALSE(gone.is_open(at("2026-03-29 01:00:00")));
  CHECK(gone.opens(at("2026-03-29 00:00:00")) == at("2026-03-30 00:10:00"));
}

TEST_CASE("where clocks are put back a window begins the first time its hour comes, and ends so") {
  Windows berlin = windows({"02:30-06:00 Europe/Berlin"});  // 03:00 becomes 02:00 on 2026-10-25
  CHECK_FALSE(berlin.is_open(at("2026-10-25 00:29:59")));
  CHECK(berlin.is_open(at("2026-10-25 00:30:00")));
  CHECK(berlin.closes(at("2026-10-25 00:30:00")) == at("2026-10-25 05:00:00"));
  Windows early = windows({"22:00-02:30 Europe/Berlin"});
  CHECK(early.closes(at("2026-10-24 21:00:00")) == at("2026-10-25 00:30:00"));
  CHECK_FALSE(early.is_open(at("2026-10-25 01:15:00")));
}

TEST_CASE("windows that touch are one opening, and dates that are excepted close it") {
  Windows two =
      windows({"20:00-22:00", "22:00-23:00", "Mon 22:30-24:00", "except 2026-12-24..2026-12-26"});
  CHECK(two.closes(at("2026-11-29 20:00:00")) == at("2026-11-29 23:00:00"));
  CHECK(two.closes(at("2026-11-30 21:00:00")) == at("2026-12-01 00:00:00"));
  CHECK_FALSE(two.is_open(at("2026-12-24 20:30:00")));
  CHECK(two.opens(at("2026-12-23 23:30:00")) == at("2026-12-27 20:00:00"));
  Windows nightly = windows({"22:00-06:00", "except 2026-12-25"});
  CHECK(nightly.closes(at("2026-12-24 22:00:00")) == at("2026-12-25 00:00:00"));
  CHECK(nightly.opens(at("2026-12-25 00:00:00")) == at("2026-12-26 00:00:00"));
}

TEST_CASE("dates alone close what is open otherwise") {
  Windows dates = windows({"except 2026-12-24 Europe/Berlin"});
  CHECK(dates.are_set());
  CHECK(dates.closes(at("2026-12-01 00:00:00")) == at("2026-12-23 23:00:00"));
  CHECK(dates.opens(at("2026-12-24 12:00:00")) == at("2026-12-24 23:00:00"));
}

TEST_CASE("a whole day is a window that never closes") {
  Windows all = windows({"00:00-00:00"});
  CHECK(all.is_open(at("2026-12-24 00:00:00")));
  CHECK_FALSE(all.closes(at("2026-12-24 12:00:00")));
}

TEST_CASE("work goes on in the next window until it is done") {
  Windows night = windows({"02:00-06:00"});
  auto done = night.done(at("2026-11-28 00:00:00"), hours(9));
  CHECK(done == at("2026-11-30 03:00:00"));
  CHECK(night.done(at("2026-11-28 05:30:00"), minutes(30)) == at("2026-11-28 06:00:00"));
}

TEST_CASE("seconds can be given, and times are told in the zone of the first window") {
  Windows short_one = windows({"10:00:05-10:00:07 America/New_York"});
  CHECK(short_one.is_open(at("2026-11-28 15:00:06")));
  CHECK_FALSE(short_one.is_open(at("2026-11-28 15:00:07")));
  CHECK(short_one.time_text(at("2026-11-28 15:00:05")) ==
        "Sat 2026-11-28 10:00:05 America/New_York");
}

TEST_CASE("what is no window is refused with its text") {
  for (const char* text :
       {"", "always", "22:00", "Mon-Fri", "25:00-26:00", "22:00-06:00 Europe/Berlin today",
        "Mo 22:00-06:00", "22:60-23:00", "except", "except 2026-13-01",
        "except 2026-12-26..2026-12-24", "22:00-06:00 Mars/Olympus", "24:30-25:00"}) {
    CAPTURE(text);
    auto parsed = Windows::parse({text});
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().message.find(text) != std::string::npos);
  }
}

}  // namespace
}  // namespace whimbrel
