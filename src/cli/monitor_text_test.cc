#include "cli/monitor_text.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace whimbrel {
namespace {

const MonitorPlace kPlace{"shop", "6.0.5", "replicaset"};

bool has(const std::vector<std::string>& lines, const std::string& text) {
  return std::any_of(lines.begin(), lines.end(),
                     [&](const std::string& line) { return line.find(text) != std::string::npos; });
}

MonitorSample busy() {
  MonitorSample sample;
  sample.health.host = "a:1";
  sample.health.cache = mongo::Cache{500, 150, 1000};
  sample.health.members = {
      {.name = "a:1", .state = "PRIMARY", .up = true, .primary = true},
      {.name = "b:1", .state = "SECONDARY", .up = true, .lag_seconds = 4.2, .counts_for_lag = true},
      {.name = "c:1", .state = "SECONDARY", .up = true, .lag_seconds = 60},
      {.name = "d:1", .state = "(not reachable/healthy)", .counts_for_lag = true}};
  sample.operations = {{.opid = "7",
                        .seconds = 3,
                        .op = "query",
                        .command = "find",
                        .ns = "shop.orders",
                        .client = "10.0.0.1:5",
                        .application = "web\x1b[2J"}};
  return sample;
}

TEST_CASE("the table says what is known, and - for what is not") {
  auto lines = monitor_table(kPlace, busy(), 40);
  CHECK(lines.front().starts_with("shop on a:1, MongoDB 6.0.5 (replicaset)"));
  CHECK(has(lines, "50.0 % of 1000 B used, 15.0 % dirty"));
  CHECK(has(lines, "operations/s  -"));
  CHECK(has(lines, "b:1  SECONDARY  4.2 s behind"));
  CHECK(has(lines, "c:1  SECONDARY  1m 00s behind, on purpose"));
  CHECK(has(lines, "d:1  (not reachable/healthy)  lag unknown"));
}

TEST_CASE("what an application named itself cannot steer the terminal") {
  auto lines = monitor_table(kPlace, busy(), 40);
  CHECK(has(lines, "3.0 s  query find shop.orders  from 10.0.0.1:5, web?[2J  opid 7"));
  CHECK(monitor_line(busy()).find('\x1b') == std::string::npos);
}

TEST_CASE("a table that does not fit says how much is left out") {
  MonitorSample sample = busy();
  for (int i = 0; i < 100; ++i) sample.operations->push_back(sample.operations->front());
  auto lines = monitor_table(kPlace, sample, 20);
  CHECK(lines.size() == 20);
  CHECK(lines.back().ends_with("more lines"));
}

TEST_CASE("JSON has every field, null where it is not known") {
  auto json = monitor_json(kPlace, busy());
  CHECK(json["lagSeconds"] == 4.2);
  CHECK(json["members"][0]["lagSeconds"].is_null());
  CHECK(json["members"][2]["countsForLag"] == false);
  CHECK(json["cache"]["dirtyShare"] == 0.15);
  CHECK(json["operations"][0]["opid"] == "7");
  auto nothing = monitor_json(kPlace, MonitorSample());
  for (const char* field : {"connections", "opcounters", "opsPerSecond", "residentBytes", "cache",
                            "queue", "tickets", "flowControl", "members", "lagSeconds",
                            "oplogSeconds", "disk", "operations", "runs", "lock"}) {
    CHECK(json.contains(field));
    CHECK(nothing[field].is_null());
  }
  CHECK(nothing["unknown"].empty());
}

}  // namespace
}  // namespace whimbrel
