#include "base/text.h"
#include "cli/json_rows.h"
#include "cli/monitor_text.h"

namespace whimbrel {
namespace {

using Json = nlohmann::ordered_json;
using mongo::Health;

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json connections_json(const Health& health) {
  if (!health.connections) return nullptr;
  return {{"current", health.connections->current},
          {"available", health.connections->available},
          {"active", or_null(health.connections->active)}};
}

template <class Counters>
Json counters_json(const std::optional<Counters>& counters) {
  if (!counters) return nullptr;
  return {{"insert", counters->insert},   {"query", counters->query},
          {"update", counters->update},   {"delete", counters->remove},
          {"getmore", counters->getmore}, {"command", counters->command}};
}

Json cache_json(const Health& health) {
  if (!health.cache) return nullptr;
  return {{"usedBytes", health.cache->used},
          {"dirtyBytes", health.cache->dirty},
          {"maxBytes", health.cache->max},
          {"usedShare", health.cache->used_share()},
          {"dirtyShare", health.cache->dirty_share()}};
}

Json pool_json(const mongo::TicketPool& pool) {
  return {{"out", pool.out}, {"total", pool.total}};
}

Json flow_json(const Health& health) {
  if (!health.flow_control) return nullptr;
  return {{"enabled", health.flow_control->enabled},
          {"isLagged", health.flow_control->is_lagged},
          {"targetRate", health.flow_control->target_rate},
          {"acquiringMicros", health.flow_control->acquiring_micros}};
}

Json members_json(const Health& health) {
  if (health.members.empty()) return nullptr;
  Json members = Json::array();
  for (const mongo::MemberHealth& member : health.members) {
    members.push_back({{"name", member.name},
                       {"state", member.state},
                       {"up", member.up},
                       {"lagSeconds", or_null(member.lag_seconds)},
                       {"countsForLag", member.counts_for_lag}});
  }
  return members;
}

Json operations_json(const MonitorSample& sample) {
  if (!sample.operations) return nullptr;
  Json operations = Json::array();
  for (const mongo::SlowOperation& operation : *sample.operations) {
    operations.push_back({{"opid", operation.opid},
                          {"seconds", operation.seconds},
                          {"op", operation.op},
                          {"command", text_or_null(operation.command)},
                          {"ns", operation.ns},
                          {"client", operation.client},
                          {"application", text_or_null(operation.application)},
                          {"user", text_or_null(operation.user)},
                          {"waitsForLock", operation.waits_for_lock}});
  }
  return operations;
}

Json runs_json(const MonitorSample& sample) {
  if (!sample.runs) return nullptr;
  Json runs = Json::array();
  for (const RunAtWork& run : *sample.runs) {
    runs.push_back({{"migration", run.file},
                    {"state", run.state},
                    {"who", run.who},
                    {"done", run.done},
                    {"total", run.total},
                    {"held", run.held.empty() ? Json(nullptr) : Json(run.held)}});
  }
  return runs;
}

Json missing_json(const MonitorSample& sample) {
  Json parts = Json::array();
  for (const MonitorSample::Missing& missing : sample.missing) {
    parts.push_back({{"part", missing.part}, {"why", missing.why}});
  }
  return parts;
}

}  // namespace

Json monitor_json(const MonitorPlace& place, const MonitorSample& sample) {
  const Health& health = sample.health;
  const mongo::MemberHealth* furthest = health.furthest_behind();
  Json json{{"schema", 1},
            {"ts", iso_time(health.at)},
            {"type", "monitor"},
            {"database", place.database},
            {"server",
             {{"host", text_or_null(health.host)},
              {"version", place.version},
              {"topology", place.topology},
              {"uptimeSeconds", or_null(health.uptime_seconds)}}}};
  json["connections"] = connections_json(health);
  json["opcounters"] = counters_json(health.opcounters);
  json["opsPerSecond"] = counters_json(sample.rates);
  json["residentBytes"] = or_null(health.resident_bytes);
  json["cache"] = cache_json(health);
  json["queue"] = health.queue
                      ? Json{{"readers", health.queue->readers}, {"writers", health.queue->writers}}
                      : Json(nullptr);
  json["tickets"] = health.tickets ? Json{{"read", pool_json(health.tickets->read)},
                                          {"write", pool_json(health.tickets->write)}}
                                   : Json(nullptr);
  json["flowControl"] = flow_json(health);
  json["members"] = members_json(health);
  json["lagSeconds"] = furthest ? Json(*furthest->lag_seconds) : Json(nullptr);
  json["oplogSeconds"] = or_null(health.oplog_window_seconds);
  json["disk"] = health.disk
                     ? Json{{"usedBytes", health.disk->used}, {"totalBytes", health.disk->total}}
                     : Json(nullptr);
  json["operations"] = operations_json(sample);
  json["runs"] = runs_json(sample);
  json["lock"] = text_or_null(sample.lock);
  json["unknown"] = missing_json(sample);
  return json;
}

}  // namespace whimbrel
