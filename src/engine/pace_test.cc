#include "engine/pace.h"

#include <doctest/doctest.h>

using namespace whimbrel;
using std::chrono::milliseconds;

namespace {

constexpr Pace::Duration kQuiet{1};

}  // namespace

TEST_CASE("alone, batches take the limit's time and slow writes say nothing") {
  Pace pace(milliseconds(100));
  pace.felt(kQuiet * 50);
  CHECK(pace.batch_time() == milliseconds(100));
  CHECK(pace.rest_after(milliseconds(100)) == milliseconds(0));
}

TEST_CASE("beside an application batches start short and get longer while its writes are quick") {
  Pace pace(milliseconds(100));
  pace.is_beside(kQuiet);
  CHECK(pace.batch_time() == milliseconds(6));
  for (int i = 0; i < 30; ++i) pace.felt(kQuiet);
  CHECK(pace.batch_time() == milliseconds(100));
}

TEST_CASE("batches get shorter while writes are slow, and lanes rest when they are shortest") {
  Pace pace(milliseconds(100));
  pace.is_beside(kQuiet);
  for (int i = 0; i < 5; ++i) pace.felt(kQuiet);
  CHECK(pace.rest_after(milliseconds(10)) == milliseconds(0));
  for (int i = 0; i < 3; ++i) pace.felt(kQuiet * 10);
  CHECK(pace.batch_time() == milliseconds(6));
  CHECK(pace.rest_after(milliseconds(10)) > milliseconds(5));
}

TEST_CASE("however slow writes are, lanes work one eighth of the time") {
  Pace pace(milliseconds(100));
  pace.is_beside(kQuiet);
  for (int i = 0; i < 100; ++i) pace.felt(kQuiet * 100);
  CHECK(pace.rest_after(milliseconds(10)) == milliseconds(70));
}

TEST_CASE("between quick and slow the pace stays") {
  Pace pace(milliseconds(100));
  pace.is_beside(kQuiet);
  for (int i = 0; i < 5; ++i) pace.felt(kQuiet);
  milliseconds time = pace.batch_time();
  pace.felt(kQuiet * 1.8);
  CHECK(pace.batch_time() == time);
}

TEST_CASE("an application heard again keeps the pace; one that is gone leaves the limit's time") {
  Pace pace(milliseconds(100));
  pace.is_beside(kQuiet);
  for (int i = 0; i < 5; ++i) pace.felt(kQuiet);
  milliseconds time = pace.batch_time();
  pace.is_beside(kQuiet);
  CHECK(pace.batch_time() == time);
  pace.is_alone();
  CHECK(pace.batch_time() == milliseconds(100));
}

TEST_CASE("a limit below the shortest batch is kept") {
  Pace pace(milliseconds(2));
  pace.is_beside(kQuiet);
  CHECK(pace.batch_time() == milliseconds(2));
  CHECK(pace.rest_after(milliseconds(10)) == milliseconds(0));
}
