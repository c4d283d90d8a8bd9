#include "mongo/health.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace whimbrel::mongo {
namespace {

using namespace std::string_view_literals;

constexpr int kMaxTimeExpired = 50;
constexpr int kExceededTimeLimit = 262;

constexpr std::array kWanted = {"connections"sv, "globalLock"sv, "opcounters"sv,
                                "flowControl"sv, "queues"sv,     "wiredTiger"sv};
// Sections of MongoDB 4.2 to 8.0. Newer servers have `none`, which older ones pass over.
constexpr std::array kUnwanted = {"activeIndexBuilds"sv,
                                  "asserts"sv,
                                  "batchedDeletes"sv,
                                  "bucketCatalog"sv,
                                  "catalogStats"sv,
                                  "changeStreamPreImages"sv,
                                  "collectionCatalog"sv,
                                  "defaultRWConcern"sv,
                                  "electionMetrics"sv,
                                  "encryptionAtRest"sv,
                                  "extra_info"sv,
                                  "featureCompatibilityVersion"sv,
                                  "freeMonitoring"sv,
                                  "health"sv,
                                  "hedgingMetrics"sv,
                                  "indexBuilds"sv,
                                  "indexBulkBuilder"sv,
                                  "indexStats"sv,
                                  "internalTransactions"sv,
                                  "locks"sv,
                                  "logicalSessionRecordCache"sv,
                                  "network"sv,
                                  "opLatencies"sv,
                                  "opReadConcernCounters"sv,
                                  "opWorkingTime"sv,
                                  "opWriteConcernCounters"sv,
                                  "opcountersRepl"sv,
                                  "oplog"sv,
                                  "oplogTruncation"sv,
                                  "planCache"sv,
                                  "profiler"sv,
                                  "queryAnalyzers"sv,
                                  "querySettings"sv,
                                  "queryStats"sv,
                                  "readConcernCounters"sv,
                                  "readPreferenceCounters"sv,
                                  "repl"sv,
                                  "scramCache"sv,
                                  "security"sv,
                                  "sharding"sv,
                                  "shardingStatistics"sv,
                                  "shardSplits"sv,
                                  "spillWiredTiger"sv,
                                  "storageEngine"sv,
                                  "tcmalloc"sv,
                                  "tenantMigrations"sv,
                                  "trafficRecording"sv,
                                  "transactions"sv,
                                  "transportSecurity"sv,
                                  "twoPhaseCommitCoordinator"sv,
                                  "watchdog"sv};

constexpr int64_t kPrimary = 1, kArbiter = 7, kRemoved = 10;

std::optional<int64_t> int_at(View document, std::string_view path) {
  auto value = document.at_path(path);
  if (!value || !(value->is_number() || value->type() == Type::kDate)) return std::nullopt;
  return value->as_int();
}

bool is_silence(const Error& error) {
  if (error.kind == ErrorKind::kUnreachable) return true;
  bool slow = error.server_code == kMaxTimeExpired || error.server_code == kExceededTimeLimit;
  return error.retry != Retry::kNo && !slow;
}

Unknown unknown_for(HealthPart part, const Error& error, std::chrono::milliseconds patience) {
  if (error.kind == ErrorKind::kNotAuthorised) return {part, "not authorised", true};
  if (error.server_code == kMaxTimeExpired || error.server_code == kExceededTimeLimit)
    return {part, fmt::format("no answer within {} ms", patience.count())};
  return {part, error.message};
}

std::optional<TicketPool> pool_at(View pool) {
  auto out = int_at(pool, "out"), total = int_at(pool, "totalTickets");
  auto left = int_at(pool, "available");
  if (!total && out && left) total = *out + *left;
  if (!out || !total) return std::nullopt;
  return TicketPool{*out, *total};
}

/// `queues.execution` from MongoDB 8.0, `wiredTiger.concurrentTransactions` before.
std::optional<Tickets> tickets_of(View reply) {
  for (std::string_view path : {"queues.execution", "wiredTiger.concurrentTransactions"}) {
    auto pools = reply.at_path(path);
    if (!pools) continue;
    auto read = pool_at(pools->as_document().get_document("read"));
    auto write = pool_at(pools->as_document().get_document("write"));
    if (read && write) return Tickets{*read, *write};
  }
  return std::nullopt;
}

std::optional<Cache> cache_of(View reply) {
  auto cache = reply.at_path("wiredTiger.cache");
  if (!cache) return std::nullopt;
  View figures = cache->as_document();
  auto used = int_at(figures, "bytes currently in the cache");
  auto dirty = int_at(figures, "tracked dirty bytes in the cache");
  auto max = int_at(figures, "maximum bytes configured");
  if (!used || !dirty || !max || *max <= 0) return std::nullopt;
  return Cache{*used, *dirty, *max};
}

/// When the newest write of this member was made, as far as was ever heard; 0 for never.
int64_t newest_write(View member, std::map<std::string, int64_t, std::less<>>& last_heard) {
  int64_t& heard = last_heard[member.get_string("name")];
  int64_t now = int_at(member, "lastAppliedWallTime").value_or(0);
  // In whole seconds and 1970 for a member that is down, but older servers have nothing better.
  if (now <= 0) now = int_at(member, "optimeDate").value_or(0);
  if (now > 0) heard = now;
  return heard;
}

MemberHealth member_of(View member, const std::optional<SetSettings>& settings) {
  MemberHealth health;
  int64_t state = member.get_int("state", -1);
  health.name = member.get_string("name");
  health.state = member.get_string("stateStr");
  health.up = member.get_int("health") == 1;
  health.primary = state == kPrimary;
  // One that is down has another state, but still no oplog.
  health.arbiter = state == kArbiter || !member.find("optime");
  health.counts_for_lag = !health.primary && !health.arbiter && state != kRemoved;
  if (!settings) return health;
  auto known = settings->find(health.name);
  if (known == settings->end()) return health;
  health.arbiter = known->second.arbiter;
  if (health.arbiter || known->second.lags_on_purpose) health.counts_for_lag = false;
  return health;
}

}  // namespace

std::string_view to_text(HealthPart part) {
  switch (part) {
    case HealthPart::kServer:
      return "server";
    case HealthPart::kStorage:
      return "storage";
    case HealthPart::kMembers:
      return "members";
    case HealthPart::kSettings:
      return "member settings";
    case HealthPart::kOplog:
      return "oplog";
    case HealthPart::kDisk:
      return "disk";
  }
  return "";
}

const Unknown* Health::why_unknown(HealthPart part) const {
  auto found = std::find_if(unknown.begin(), unknown.end(),
                            [&](const Unknown& each) { return each.part == part; });
  return found == unknown.end() ? nullptr : &*found;
}

const MemberHealth* Health::furthest_behind() const {
  const MemberHealth* furthest = nullptr;
  for (const MemberHealth& member : members) {
    if (!member.counts_for_lag || !member.lag_seconds) continue;
    if (!furthest || *member.lag_seconds > *furthest->lag_seconds) furthest = &member;
  }
  return furthest;
}

Document server_status_command(const HealthParts& parts) {
  Document command = make_document("serverStatus", 1, "none", 1);
  for (std::string_view section : kWanted) command.append(section, 1);
  for (std::string_view section : kUnwanted) command.append(section, 0);
  // `mem` is one of the metrics: without them there is none (seen on 6.0.5).
  for (std::string_view section : {"mem", "metrics"}) {
    command.append(section, parts.memory ? 1 : 0);
  }
  return command;
}

void parse_server_status(View reply, Health& health) {
  if (auto at = int_at(reply, "localTime")) health.at = *at;
  health.host = reply.get_string("host");
  health.uptime_seconds = int_at(reply, "uptime");
  View connections = reply.get_document("connections");
  if (auto current = int_at(connections, "current")) {
    health.connections = {*current, connections.get_int("available"),
                          int_at(connections, "active")};
  }
  if (View counters = reply.get_document("opcounters"); !counters.empty()) {
    health.opcounters = {counters.get_int("insert"),  counters.get_int("query"),
                         counters.get_int("update"),  counters.get_int("delete"),
                         counters.get_int("getmore"), counters.get_int("command")};
  }
  if (auto resident = int_at(reply, "mem.resident")) health.resident_bytes = *resident << 20;
  health.cache = cache_of(reply);
  health.tickets = tickets_of(reply);
  if (auto readers = int_at(reply, "globalLock.currentQueue.readers")) {
    health.queue = {*readers, int_at(reply, "globalLock.currentQueue.writers").value_or(0)};
  }
  if (View flow = reply.get_document("flowControl"); !flow.empty()) {
    health.flow_control = {flow.get_bool("enabled"), flow.get_bool("isLagged"),
                           flow.get_int("targetRateLimit"), flow.get_int("timeAcquiringMicros")};
  }
}

void parse_set_status(View reply, const std::optional<SetSettings>& settings,
                      std::map<std::string, int64_t, std::less<>>& last_heard, Health& health) {
  if (health.at == 0) health.at = int_at(reply, "date").value_or(0);
  std::vector<int64_t> written;
  int64_t newest = 0, primary = 0;
  for (const Value& value : reply.get_document("members").elements()) {
    View member = value.as_document();
    health.members.push_back(member_of(member, settings));
    written.push_back(newest_write(member, last_heard));
    newest = std::max(newest, written.back());
    if (health.members.back().primary) primary = written.back();
  }
  if (primary > 0) newest = primary;
  for (size_t i = 0; i < written.size(); ++i) {
    MemberHealth& member = health.members[i];
    if (member.primary || member.arbiter || written[i] == 0) continue;
    member.lag_seconds = static_cast<double>(std::max<int64_t>(0, newest - written[i])) / 1000;
  }
}

SetSettings parse_set_config(View reply) {
  SetSettings settings;
  for (const Value& value : reply.get_document("config").get_document("members").elements()) {
    View member = value.as_document();
    // `slaveDelay` before MongoDB 5.0.
    bool delayed = member.get_int("secondaryDelaySecs") > 0 || member.get_int("slaveDelay") > 0;
    settings[member.get_string("host")] = {member.get_bool("arbiterOnly"),
                                           delayed && member.get_bool("hidden")};
  }
  return settings;
}

Result<std::optional<Document>> HealthProbe::ask(std::string_view database, Document command,
                                                 const HealthParts& parts, HealthPart part,
                                                 Health& health) {
  if (parts.patience.count() > 0) command.append("maxTimeMS", parts.patience.count());
  auto reply = client_.run(database, command);
  if (reply) return std::optional(std::move(reply).value());
  if (is_silence(reply.error())) return reply.error();
  health.unknown.push_back(unknown_for(part, reply.error(), parts.patience));
  return std::optional<Document>();
}

Status HealthProbe::read_server(const HealthParts& parts, Health& health) {
  if (!parts.server && !parts.memory) return {};
  auto reply = TRY(ask("admin", server_status_command(parts), parts, HealthPart::kServer, health));
  if (!reply) return {};
  parse_server_status(*reply, health);
  if (health.cache && health.tickets) return {};
  bool router = client_.server().topology == Server::Topology::kSharded;
  health.unknown.push_back(
      {HealthPart::kStorage, router ? "a mongos has no storage engine; only its shards know"
                                    : "the server says nothing of a WiredTiger storage engine"});
  return {};
}

Status HealthProbe::read_settings(const HealthParts& parts, View status, Health& health) {
  std::string version = "unknown";
  for (const Value& member : status.get_document("members").elements()) {
    View self = member.as_document();
    if (self.get_bool("self")) {
      version =
          fmt::format("{} {}", self.get_int("configTerm", -1), self.get_int("configVersion", -1));
    }
  }
  if (version != settings_version_) {
    Health answer;
    auto reply = TRY(
        ask("admin", make_document("replSetGetConfig", 1), parts, HealthPart::kSettings, answer));
    settings_.reset();
    no_settings_.reset();
    if (reply) settings_ = parse_set_config(*reply);
    else no_settings_ = answer.unknown.front();
    settings_version_ = version;
  }
  if (no_settings_) health.unknown.push_back(*no_settings_);
  return {};
}

Status HealthProbe::read_members(const HealthParts& parts, Health& health) {
  if (!parts.members) return {};
  if (client_.server().topology != Server::Topology::kReplicaSet) {
    bool router = client_.server().topology == Server::Topology::kSharded;
    health.unknown.push_back(
        {HealthPart::kMembers, router ? "a mongos does not know the members of its shards"
                                      : "a standalone server has no members"});
    return {};
  }
  auto reply = TRY(ask("admin", make_document("replSetGetStatus", 1, "initialSync", 0), parts,
                       HealthPart::kMembers, health));
  if (!reply) return {};
  TRY(read_settings(parts, *reply, health));
  parse_set_status(*reply, settings_, last_heard_, health);
  return {};
}

Status HealthProbe::read_oplog(const HealthParts& parts, Health& health) {
  if (!parts.oplog) return {};
  if (client_.server().topology != Server::Topology::kReplicaSet) {
    bool router = client_.server().topology == Server::Topology::kSharded;
    health.unknown.push_back({HealthPart::kOplog, router ? "each shard has an oplog of its own"
                                                         : "a standalone server has no oplog"});
    return {};
  }
  int64_t ends[2] = {0, 0};
  for (int newest : {0, 1}) {
    Document find =
        make_document("find", "oplog.rs", "sort", make_document("$natural", newest ? -1 : 1),
                      "projection", make_document("ts", 1), "limit", 1, "singleBatch", true);
    auto reply = TRY(ask("local", std::move(find), parts, HealthPart::kOplog, health));
    if (!reply) return {};
    auto time = reply->view().at_path("cursor.firstBatch.0.ts");
    if (!time || time->type() != Type::kTimestamp) return {};
    // Increment and seconds, little-endian.
    for (size_t byte = 0; byte < 4; ++byte) {
      ends[newest] |= static_cast<int64_t>(time->bytes()[4 + byte]) << (8 * byte);
    }
  }
  health.oplog_window_seconds = static_cast<double>(std::max<int64_t>(0, ends[1] - ends[0]));
  return {};
}

Status HealthProbe::read_disk(const HealthParts& parts, Health& health) {
  if (parts.disk_of.empty()) return {};
  auto reply =
      TRY(ask(parts.disk_of, make_document("dbStats", 1), parts, HealthPart::kDisk, health));
  if (!reply) return {};
  auto total = int_at(*reply, "fsTotalSize"), used = int_at(*reply, "fsUsedSize");
  if (total && used && *total > 0) {
    health.disk = {*used, *total};
    return {};
  }
  health.unknown.push_back(
      {HealthPart::kDisk, "the server says nothing of its file system for this database"});
  return {};
}

Result<Health> HealthProbe::read(const HealthParts& parts) {
  Health health;
  TRY(read_server(parts, health));
  TRY(read_members(parts, health));
  TRY(read_oplog(parts, health));
  TRY(read_disk(parts, health));
  if (health.at == 0) health.at = client_.server_time();
  return health;
}

Result<Health> read_health(Client& client, const HealthParts& parts) {
  return HealthProbe(client).read(parts);
}

}  // namespace whimbrel::mongo
