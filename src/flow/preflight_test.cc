#include "flow/preflight.h"

#include <doctest/doctest.h>

namespace whimbrel {
namespace {

const PreflightItem& item(const std::vector<PreflightItem>& items, const std::string& name) {
  for (const PreflightItem& one : items) {
    if (one.name == name) return one;
  }
  FAIL(name);
  return items.front();
}

TEST_CASE("a server that is well has nothing amiss") {
  mongo::Health health;
  health.disk = mongo::Disk{.used = 50, .total = 100};
  health.connections = mongo::Connections{.current = 5, .available = 95};
  health.members.push_back({.name = "a", .state = "PRIMARY", .up = true, .primary = true});
  health.members.push_back(
      {.name = "b", .state = "SECONDARY", .up = true, .lag_seconds = 0.2, .counts_for_lag = true});
  for (const PreflightItem& one : preflight(health)) CHECK(one.ok);
}

TEST_CASE("a full disk, few connections, and a member that is down or behind are amiss") {
  mongo::Health health;
  health.disk = mongo::Disk{.used = 95, .total = 100};
  health.connections = mongo::Connections{.current = 95, .available = 5};
  health.members.push_back({.name = "b", .state = "(not reachable/healthy)"});
  health.flow_control = mongo::FlowControl{.enabled = true, .is_lagged = true};
  for (const PreflightItem& one : preflight(health)) CHECK_FALSE(one.ok);
  health.members = {
      {.name = "b", .state = "SECONDARY", .up = true, .lag_seconds = 11, .counts_for_lag = true}};
  CHECK_FALSE(item(preflight(health), "members").ok);
  health.members.front().counts_for_lag = false;
  CHECK(item(preflight(health), "members").ok);
}

}  // namespace
}  // namespace whimbrel
