#include "flow/throttle_signals.h"

#include <fmt/format.h>

#include "base/text.h"
#include "mongo/collection.h"

namespace whimbrel {

using mongo::Health;
using mongo::HealthPart;

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPatience{1'000};

Signal unknown(std::string name, std::string_view why) {
  return {std::move(name), std::nullopt, 1, fmt::format("is not known ({})", why)};
}

Signal measured(std::string name, double value, double limit, std::string_view shown_value,
                std::string_view shown_limit) {
  return {std::move(name), value, limit,
          fmt::format("{} {} {}", shown_value, value >= limit ? ">" : "of", shown_limit)};
}

std::string_view why(const Health& health, HealthPart part) {
  const mongo::Unknown* unknown = health.why_unknown(part);
  return unknown ? std::string_view(unknown->why) : "the server does not say";
}

Signal lag(const Health& health, std::chrono::milliseconds limit, bool has_members) {
  double most = static_cast<double>(limit.count()) / 1000;
  // A standalone server has nobody that could lag.
  if (!has_members) return measured("lag", 0, most, "0 s", fmt::format("{} s", most));
  if (health.why_unknown(HealthPart::kMembers)) {
    return unknown("lag", why(health, HealthPart::kMembers));
  }
  for (const mongo::MemberHealth& member : health.members) {
    if (member.counts_for_lag && !member.lag_seconds) {
      return unknown("lag of " + member.name, member.up ? "not heard of yet" : member.state);
    }
  }
  const mongo::MemberHealth* furthest = health.furthest_behind();
  double seconds = furthest ? *furthest->lag_seconds : 0;
  std::string name = furthest ? "lag of " + furthest->name : "lag";
  return measured(name, seconds, most, fmt::format("{:.1f} s", seconds), fmt::format("{} s", most));
}

Signal share(std::string name, std::optional<double> value, double limit, std::string_view why) {
  if (!value) return unknown(std::move(name), why);
  return measured(std::move(name), *value, limit, fmt::format("{:.1f} %", *value * 100),
                  fmt::format("{:.4g} %", limit * 100));
}

Signal count(std::string name, std::optional<int64_t> value, int64_t limit, std::string_view why) {
  if (!value) return unknown(std::move(name), why);
  return measured(std::move(name), static_cast<double>(*value), static_cast<double>(limit),
                  with_commas(*value), with_commas(limit));
}

Signal flow_control(const Health& health) {
  constexpr std::string_view kName = "flow control";
  if (!health.flow_control) return unknown(std::string(kName), why(health, HealthPart::kServer));
  bool engaged = health.flow_control->is_lagged;
  return {std::string(kName), engaged ? 1.0 : 0.0, 1, engaged ? "holds writes back" : "is off"};
}

std::vector<Signal> unread(const ThrottleConfig& config, const Error& error) {
  std::vector<Signal> signals;
  if (config.has_signals()) signals.push_back(unknown("the server's health", error.message));
  return signals;
}

}  // namespace

std::vector<Signal> ThrottleSignals::read(const ThrottleConfig& config) {
  mongo::HealthParts parts{.patience = kPatience};
  bool has_members = client_.server().topology != mongo::Server::Topology::kStandalone;
  parts.members = config.max_lag && has_members;
  parts.server = config.max_dirty_cache || config.max_tickets || config.max_queue ||
                 config.max_ops || config.flow_control;
  auto read = probe_.read(parts);
  if (!read) return unread(config, read.error());
  const Health& health = *read;
  std::vector<Signal> signals;
  std::string_view no_server = why(health, HealthPart::kServer);
  std::string_view no_storage = why(health, HealthPart::kStorage);
  if (config.max_lag) signals.push_back(lag(health, *config.max_lag, has_members));
  if (config.max_dirty_cache) {
    auto dirty = health.cache ? std::optional(health.cache->dirty_share()) : std::nullopt;
    signals.push_back(share("dirty cache", dirty, *config.max_dirty_cache, no_storage));
  }
  if (config.max_tickets) {
    auto out = health.tickets ? std::optional(health.tickets->out_share()) : std::nullopt;
    signals.push_back(share("tickets in use", out, *config.max_tickets, no_storage));
  }
  if (config.max_queue) {
    auto waiting = health.queue ? std::optional(health.queue->sum()) : std::nullopt;
    signals.push_back(count("waiting operations", waiting, *config.max_queue, no_server));
  }
  if (config.max_ops) signals.push_back(operations(health, *config.max_ops));
  if (config.flow_control) signals.push_back(flow_control(health));
  if (config.custom) signals.push_back(custom(*config.custom));
  return signals;
}

/// Between two readings; the first says nothing yet, and holds nothing back.
Signal ThrottleSignals::operations(const Health& health, int64_t limit) {
  if (!health.opcounters) return unknown("operations/s", why(health, HealthPart::kServer));
  auto now = Clock::now();
  int64_t sum = health.opcounters->sum();
  std::chrono::duration<double> passed = now - read_at_;
  bool first = operations_ < 0 || sum < operations_;
  double per_second = first ? 0 : static_cast<double>(sum - operations_) / passed.count();
  operations_ = sum;
  read_at_ = now;
  return count("operations/s", static_cast<int64_t>(per_second), limit, "");
}

Signal ThrottleSignals::custom(const CustomSignal& signal) {
  constexpr std::string_view kName = "custom";
  std::optional<double> value;
  std::string missing;
  if (signal.collection.empty()) {
    auto reply = client_.run(database_, signal.command);
    auto number = reply ? reply->view().at_path(signal.path) : std::nullopt;
    if (number && number->is_number()) value = number->as_double();
    missing =
        reply ? fmt::format("the reply has no number at {}", signal.path) : reply.error().message;
  } else {
    auto counted =
        mongo::Collection(client_, database_, signal.collection).count(signal.where.view());
    if (counted) value = static_cast<double>(*counted);
    else missing = counted.error().message;
  }
  std::string name(signal.collection.empty() ? signal.path : signal.collection + " count");
  name = fmt::format("{} {}", kName, name);
  if (!value) return unknown(std::move(name), missing);
  return measured(std::move(name), *value, signal.max, fmt::format("{:.6g}", *value),
                  fmt::format("{:.6g}", signal.max));
}

}  // namespace whimbrel
