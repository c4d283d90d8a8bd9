#include "flow/estimate.h"

#include <doctest/doctest.h>

namespace whimbrel {
namespace {

MeasuredRound round_of(double busy_seconds, int lanes = 1) {
  return {{.tried = 1000, .busy_seconds = busy_seconds, .lanes = lanes, .documents = 1'000'000}};
}

TEST_CASE("an estimate grows with the documents and shrinks with the lanes") {
  auto one = estimate_seconds({round_of(0.02), round_of(0.03), round_of(0.025)});
  auto two = estimate_seconds({round_of(0.02, 2), round_of(0.03, 2), round_of(0.025, 2)});
  CHECK(one->documents == 1'000'000);
  CHECK(one->p50 == doctest::Approx(25).epsilon(0.02));
  CHECK(two->p50 == doctest::Approx(12.5).epsilon(0.03));
  CHECK(scaled_to(*one, 10'000'000).p50 == doctest::Approx(250).epsilon(0.02));
}

TEST_CASE("steps of an estimate are added up, each with its own documents") {
  MeasuredRound round = round_of(0.02);
  round.push_back({.tried = 500, .busy_seconds = 0.01, .documents = 100'000, .scan_seconds = 3});
  auto estimate = estimate_seconds({round});
  CHECK(estimate->documents == 1'100'000);
  CHECK(estimate->p50 == doctest::Approx(20 + 3 + 2).epsilon(0.02));
}

TEST_CASE("the three figures stand in order, further apart where rounds differ") {
  auto even = estimate_seconds({round_of(0.02), round_of(0.02)});
  auto uneven = estimate_seconds({round_of(0.01), round_of(0.05)});
  CHECK(even->p10 < even->p50);
  CHECK(even->p50 < even->p90);
  CHECK(uneven->p90 / uneven->p10 > even->p90 / even->p10);
}

TEST_CASE("without a document there is no estimate") {
  CHECK(!estimate_seconds({}));
  CHECK(!estimate_seconds({{{.tried = 0, .busy_seconds = 0.5, .documents = 1000}}}));
}

}  // namespace
}  // namespace whimbrel
