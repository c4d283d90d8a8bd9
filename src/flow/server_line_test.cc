#include "flow/server_line.h"

#include <doctest/doctest.h>

namespace whimbrel {
namespace {

TEST_CASE("the server is told in one line, and what is not known is left out") {
  mongo::Health health;
  CHECK(server_line(health).empty());
  health.members.push_back({.name = "db1:27017", .state = "PRIMARY", .up = true, .primary = true});
  health.members.push_back({.name = "db2:27017",
                            .state = "SECONDARY",
                            .up = true,
                            .lag_seconds = 0.34,
                            .counts_for_lag = true});
  health.connections = mongo::Connections{.current = 1212};
  CHECK(server_line(health) == "lag 0.3 s (db2:27017)  connections 1,212");
  health.members.back().lag_seconds.reset();
  health.tickets = mongo::Tickets{.write = {.out = 11, .total = 128}};
  health.queue = mongo::Queue{.readers = 1, .writers = 2};
  health.cache = mongo::Cache{.used = 50, .dirty = 3, .max = 100};
  CHECK(server_line(health) ==
        "lag unknown  cache dirty 3.0 %  tickets 11/128  queue 3  connections 1,212");
}

}  // namespace
}  // namespace whimbrel
