#include "flow/monitor.h"

#include <doctest/doctest.h>

namespace whimbrel {
namespace {

mongo::Health at(int64_t milliseconds, int64_t uptime, int64_t inserts, std::string host = "a:1") {
  mongo::Health health;
  health.at = milliseconds;
  health.host = std::move(host);
  health.uptime_seconds = uptime;
  health.opcounters = mongo::Opcounters{.insert = inserts, .command = 2 * inserts};
  return health;
}

TEST_CASE("rates are by the server's clock") {
  auto rates = rates_between(at(1000, 10, 100), at(3000, 12, 150));
  REQUIRE(rates);
  CHECK(rates->insert == doctest::Approx(25));
  CHECK(rates->command == doctest::Approx(50));
  CHECK(rates->query == doctest::Approx(0));
  CHECK(rates->sum() == doctest::Approx(75));
}

TEST_CASE("there are no rates across a restart, between two servers, or within no time") {
  CHECK_FALSE(rates_between(at(1000, 10, 100), at(9000, 3, 150)));
  CHECK_FALSE(rates_between(at(1000, 10, 100), at(3000, 12, 150, "b:1")));
  CHECK_FALSE(rates_between(at(1000, 10, 100), at(1000, 10, 150)));
  CHECK_FALSE(rates_between(mongo::Health(), at(1000, 10, 150)));
  CHECK_FALSE(rates_between(at(1000, 1, 100), at(3000, 1, 50)));
  CHECK_FALSE(rates_between(at(1000, 1, 100), at(60'000, 10, 150)));
}

}  // namespace
}  // namespace whimbrel
