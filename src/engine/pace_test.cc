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
  CHECK(pace.batch_time() == Pace::kShortestBatch);
  for (int i = 0; i < 50; ++i) pace.felt(kQuiet);
  CHECK(pace.batch_time() == milliseconds(100));
}

TEST_CASE("batches get shorter while writes are slow, and lanes do not rest for that") {
  Pace pace(milliseconds(100));
  pace.is_beside(kQuiet);
  for (int i = 0; i < 10; ++i) pace.felt(kQuiet);
  CHECK(pace.batch_time() > milliseconds(7));
  for (int i = 0; i < 50; ++i) pace.felt(kQuiet * 2);
  CHECK(pace.batch_time() == Pace::kShortestBatch);
  CHECK(pace.rest_after(milliseconds(10)) == milliseconds(0));
}

TEST_CASE(
    "where writes are far too slow beside the shortest batches, lanes rest until it is bearable") {
  Pace pace(milliseconds(100));
  pace.is_beside(kQuiet);
  for (int i = 0; i < 2; ++i) pace.felt(kQuiet * 10);
  CHECK(pace.batch_time() == Pace::kShortestBatch);
  CHECK(pace.rest_after(milliseconds(10)) > milliseconds(5));
  for (int i = 0; i < 50; ++i) pace.felt(kQuiet * 1.5);
  CHECK(pace.rest_after(milliseconds(10)) == milliseconds(0));
  CHECK(pace.batch_time() == Pace::kShortestBatch);
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
  Pace::Duration time = pace.batch_time();
  pace.felt(kQuiet * 1.1);
  CHECK(pace.batch_time() == time);
}

TEST_CASE("an application heard again keeps the pace; one that is gone leaves the limit's time") {
  Pace pace(milliseconds(100));
  pace.is_beside(kQuiet);
  for (int i = 0; i < 5; ++i) pace.felt(kQuiet);
  Pace::Duration time = pace.batch_time();
  pace.is_beside(kQuiet);
  CHECK(pace.batch_time() == time);
  pace.is_alone();
  CHECK(pace.batch_time() == milliseconds(100));
}

TEST_CASE("what counts as quiet moves half way to what is heard later") {
  Pace pace(milliseconds(100));
  pace.is_beside(kQuiet);
  pace.is_beside(kQuiet * 3);
  for (int i = 0; i < 50; ++i) pace.felt(kQuiet * 2);
  CHECK(pace.batch_time() == milliseconds(100));
}

TEST_CASE("a limit below the shortest batch is kept") {
  Pace pace(milliseconds(2));
  pace.is_beside(kQuiet);
  CHECK(pace.batch_time() == milliseconds(2));
  CHECK(pace.rest_after(milliseconds(10)) == milliseconds(0));
}
