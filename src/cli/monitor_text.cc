#include "cli/monitor_text.h"

#include <fmt/format.h>

#include "base/text.h"

namespace whimbrel {
namespace {

using mongo::Health;

constexpr size_t kShownOperations = 10;

/// What the server or an application named may hold sequences that a terminal obeys.
std::string plain(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
  return text;
}

std::string rate_text(double rate) {
  return rate < 10 && rate > 0 ? fmt::format("{:.1f}", rate)
                               : with_commas(static_cast<int64_t>(rate + 0.5));
}

std::string percent_text(double share) {
  return fmt::format("{:.1f} %", 100 * share);
}

std::string lag_text(const mongo::MemberHealth& member) {
  if (member.primary || member.arbiter) return "";
  if (!member.lag_seconds) return "  lag unknown";
  return fmt::format("  {} behind{}", duration_text(*member.lag_seconds),
                     member.counts_for_lag ? "" : ", on purpose");
}

std::string connections_text(const Health& health) {
  if (!health.connections) return "-";
  std::string active =
      health.connections->active ? with_commas(*health.connections->active) + " active, " : "";
  return fmt::format("{}, {}{} left", with_commas(health.connections->current), active,
                     with_commas(health.connections->available));
}

std::string rates_text(const std::optional<OpRates>& rates) {
  if (!rates) return "-";
  return fmt::format("{} (insert {}, query {}, update {}, delete {}, getmore {}, command {})",
                     rate_text(rates->sum()), rate_text(rates->insert), rate_text(rates->query),
                     rate_text(rates->update), rate_text(rates->remove), rate_text(rates->getmore),
                     rate_text(rates->command));
}

std::string cache_text(const Health& health) {
  if (!health.cache) return "-";
  return fmt::format("{} of {} used, {} dirty", percent_text(health.cache->used_share()),
                     bytes_text(health.cache->max), percent_text(health.cache->dirty_share()));
}

std::string queue_text(const Health& health) {
  if (!health.queue) return "-";
  return fmt::format("{} readers, {} writers", with_commas(health.queue->readers),
                     with_commas(health.queue->writers));
}

std::string tickets_text(const Health& health) {
  if (!health.tickets) return "-";
  const mongo::Tickets& tickets = *health.tickets;
  return fmt::format("{} of {} read, {} of {} write", tickets.read.out, tickets.read.total,
                     tickets.write.out, tickets.write.total);
}

std::string flow_text(const Health& health) {
  if (!health.flow_control) return "-";
  if (!health.flow_control->enabled) return "off";
  if (!health.flow_control->is_lagged) return "not braking";
  return fmt::format("BRAKING writers to {} tickets/s",
                     with_commas(health.flow_control->target_rate));
}

std::string disk_text(const Health& health) {
  if (!health.disk) return "-";
  return fmt::format("{} free of {}", bytes_text(health.disk->free()),
                     bytes_text(health.disk->total));
}

std::string operation_text(const mongo::SlowOperation& operation) {
  std::string who = operation.client;
  for (const std::string& more : {operation.application, operation.user}) {
    if (!more.empty()) who += ", " + more;
  }
  return plain(fmt::format(
      "{}  {}{} {}  from {}  opid {}{}", duration_text(operation.seconds), operation.op,
      operation.command.empty() || operation.command == operation.op ? "" : " " + operation.command,
      operation.ns, who, operation.opid, operation.waits_for_lock ? "  waits for a lock" : ""));
}

std::string run_text(const RunAtWork& run) {
  std::string share;
  if (run.total > 0) {
    share = fmt::format("  {:.1f} %",
                        100.0 * static_cast<double>(run.done) / static_cast<double>(run.total));
  }
  std::string held = run.held.empty() ? "" : "  " + run.held;
  return plain(fmt::format("{} {}{}  {} of {} docs  by {}{}", run.file, run.state, share,
                           with_commas(run.done), with_commas(run.total), run.who, held));
}

using Rows = std::vector<std::pair<std::string, std::string>>;

void add_members(Rows& rows, const Health& health) {
  std::string name = "replication";
  for (const mongo::MemberHealth& member : health.members) {
    rows.emplace_back(std::exchange(name, ""),
                      plain(fmt::format("{}  {}{}", member.name, member.state, lag_text(member))));
  }
}

void add_work(Rows& rows, const MonitorSample& sample) {
  if (sample.operations) {
    std::string name = "slow";
    if (sample.operations->empty()) rows.emplace_back(name, "nothing for a second or longer");
    for (const mongo::SlowOperation& operation : *sample.operations) {
      rows.emplace_back(std::exchange(name, ""), operation_text(operation));
    }
  }
  std::string name = "runs";
  for (const RunAtWork& run : sample.runs.value_or(std::vector<RunAtWork>())) {
    rows.emplace_back(std::exchange(name, ""), run_text(run));
  }
  if (!sample.lock.empty()) rows.emplace_back("lock", plain(sample.lock));
}

Rows rows_of(const MonitorSample& sample) {
  const Health& health = sample.health;
  Rows rows{{"connections", connections_text(health)},
            {"operations/s", rates_text(sample.rates)},
            {"memory", health.resident_bytes ? bytes_text(*health.resident_bytes) : "-"},
            {"cache", cache_text(health)},
            {"waiting", queue_text(health)},
            {"tickets", tickets_text(health)},
            {"flow control", flow_text(health)}};
  add_members(rows, health);
  if (health.oplog_window_seconds)
    rows.emplace_back("oplog", duration_text(*health.oplog_window_seconds) + " back");
  if (health.disk) rows.emplace_back("disk", disk_text(health));
  add_work(rows, sample);
  if (std::string missing = missing_text(sample); !missing.empty())
    rows.emplace_back("not shown", missing);
  return rows;
}

}  // namespace

std::string missing_text(const MonitorSample& sample) {
  std::vector<std::string> parts;
  for (const MonitorSample::Missing& missing : sample.missing) {
    parts.push_back(plain(fmt::format("{} ({})", missing.part, missing.why)));
  }
  return join(parts, ", ");
}

std::vector<std::string> monitor_table(const MonitorPlace& place, const MonitorSample& sample,
                                       size_t most) {
  std::string up = sample.health.uptime_seconds
                       ? ", up " + duration_text(static_cast<double>(*sample.health.uptime_seconds))
                       : "";
  std::string host = sample.health.host.empty() ? "" : " on " + plain(sample.health.host);
  std::vector<std::string> lines{fmt::format("{}{}, MongoDB {} ({}){}  {}", place.database, host,
                                             place.version, place.topology, up,
                                             iso_time(sample.health.at))};
  for (const auto& [name, text] : rows_of(sample)) {
    lines.push_back(fmt::format("{:<13} {}", name, text));
  }
  if (lines.size() > most && most > 0) {
    size_t left_out = lines.size() - most + 1;
    lines.resize(most - 1);
    lines.push_back(fmt::format("{:<13} {} more lines", "", left_out));
  }
  return lines;
}

std::string monitor_line(const MonitorSample& sample) {
  const Health& health = sample.health;
  std::string line = iso_time(health.at);
  auto add = [&](std::string_view name, const std::string& text) {
    line += fmt::format("  {} {}", name, text);
  };
  add("conn", health.connections ? std::to_string(health.connections->current) : "-");
  add("ops/s", rates_text(sample.rates));
  add("mem", health.resident_bytes ? bytes_text(*health.resident_bytes) : "-");
  add("cache", health.cache ? percent_text(health.cache->used_share()) : "-");
  add("dirty", health.cache ? percent_text(health.cache->dirty_share()) : "-");
  add("queue",
      health.queue ? fmt::format("{}/{}", health.queue->readers, health.queue->writers) : "-");
  add("tickets", tickets_text(health));
  add("flow", flow_text(health));
  for (const mongo::MemberHealth& member : health.members) {
    if (member.primary || member.arbiter) continue;
    add("lag", plain(member.name) + " " +
                   (member.lag_seconds ? duration_text(*member.lag_seconds) : "unknown") +
                   (member.up ? "" : " (down)"));
  }
  if (health.oplog_window_seconds) add("oplog", duration_text(*health.oplog_window_seconds));
  if (health.disk) add("disk", disk_text(health));
  for (const RunAtWork& run : sample.runs.value_or(std::vector<RunAtWork>())) {
    add("run", run_text(run));
  }
  if (!sample.operations) return line;
  add("slow", std::to_string(sample.operations->size()));
  for (size_t i = 0; i < sample.operations->size() && i < kShownOperations; ++i) {
    line += "\n  slow: " + operation_text((*sample.operations)[i]);
  }
  return line;
}

}  // namespace whimbrel
