#include "flow/preflight.h"

#include <fmt/format.h>

#include "base/text.h"

namespace whimbrel {
namespace {

constexpr double kLittle = 0.1;
constexpr double kMuchLag = 10;

bool is_little(int64_t free, int64_t all) {
  return all > 0 && static_cast<double>(free) < kLittle * static_cast<double>(all);
}

PreflightItem disk(const mongo::Disk& disk) {
  return {"disk", !is_little(disk.free(), disk.total),
          fmt::format("{} of {} free", bytes_text(disk.free()), bytes_text(disk.total))};
}

PreflightItem connections(const mongo::Connections& connections) {
  int64_t all = connections.current + connections.available;
  return {"connections", !is_little(connections.available, all),
          fmt::format("{} of {} free", with_commas(connections.available), with_commas(all))};
}

PreflightItem members(const std::vector<mongo::MemberHealth>& members) {
  PreflightItem item{"members", true, ""};
  for (const mongo::MemberHealth& member : members) {
    if (!item.found.empty()) item.found += ", ";
    item.found += fmt::format("{} {}", member.name, member.state);
    if (member.lag_seconds) item.found += fmt::format(" {:.1f} s behind", *member.lag_seconds);
    bool behind = member.counts_for_lag && member.lag_seconds.value_or(0) > kMuchLag;
    item.ok = item.ok && member.up && !behind;
  }
  return item;
}

}  // namespace

std::vector<PreflightItem> preflight(const mongo::Health& health) {
  std::vector<PreflightItem> items;
  if (health.disk) items.push_back(disk(*health.disk));
  if (health.connections) items.push_back(connections(*health.connections));
  if (health.cache) {
    items.push_back({"cache", true,
                     fmt::format("{:.0f} % used, {:.1f} % dirty", health.cache->used_share() * 100,
                                 health.cache->dirty_share() * 100)});
  }
  if (!health.members.empty()) items.push_back(members(health.members));
  if (health.flow_control) {
    bool held = health.flow_control->is_lagged;
    items.push_back({"flowControl", !held, held ? "holds writes back" : "is off"});
  }
  if (health.oplog_window_seconds) {
    items.push_back({"oplog", true, duration_text(*health.oplog_window_seconds) + " of writes"});
  }
  for (const mongo::Unknown& unknown : health.unknown) {
    items.push_back({std::string(to_text(unknown.part)), true, "not known: " + unknown.why});
  }
  return items;
}

}  // namespace whimbrel
