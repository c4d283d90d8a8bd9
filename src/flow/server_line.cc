#include "flow/server_line.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace whimbrel {
namespace {

std::string lag_text(const mongo::Health& health) {
  bool unknown = std::any_of(health.members.begin(), health.members.end(), [](const auto& member) {
    return member.counts_for_lag && !member.lag_seconds;
  });
  if (unknown) return "lag unknown";
  const mongo::MemberHealth* furthest = health.furthest_behind();
  return furthest ? fmt::format("lag {:.1f} s ({})", *furthest->lag_seconds, furthest->name) : "";
}

}  // namespace

std::string server_line(const mongo::Health& health) {
  std::vector<std::string> parts;
  if (std::string lag = lag_text(health); !lag.empty()) parts.push_back(std::move(lag));
  if (health.cache) {
    parts.push_back(fmt::format("cache dirty {:.1f} %", health.cache->dirty_share() * 100));
  }
  if (health.tickets) {
    const mongo::TicketPool& write = health.tickets->write;
    parts.push_back(fmt::format("tickets {}/{}", write.out, write.total));
  }
  if (health.queue) parts.push_back(fmt::format("queue {}", health.queue->sum()));
  if (health.connections) {
    parts.push_back(fmt::format("connections {}", with_commas(health.connections->current)));
  }
  return join(parts, "  ");
}

}  // namespace whimbrel
