// What a deployment says of its health: load, cache, tickets, flow control, members and their lag.
//
// Read by plain commands that change nothing. What a server does not say, or not to this user, is
// std::nullopt, and why_unknown() has the reason.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mongo/client.h"

namespace whimbrel::mongo {

/// One member of a replica set, as the others hear of it.
struct MemberHealth {
  std::string name;   ///< "host:port"
  std::string state;  ///< "PRIMARY", "SECONDARY", "(not reachable/healthy)", …, as the server says
  bool up = false;
  bool primary = false;
  bool arbiter = false;
  /// How far its newest write lies behind the primary's; for one that is down or recovering, the
  /// last write that was heard of. Unknown for primary and arbiters, and while nothing was heard.
  std::optional<double> lag_seconds;
  /// False for primary and arbiters, and for a hidden member that lags on purpose (a configured
  /// delay). Where the configuration may not be read, every other member counts.
  bool counts_for_lag = false;
};

struct Connections {
  int64_t current = 0;
  int64_t available = 0;
  std::optional<int64_t> active;  ///< with a command under way
};

/// Since the server's start, by clients.
struct Opcounters {
  int64_t insert = 0, query = 0, update = 0, remove = 0, getmore = 0, command = 0;
  int64_t sum() const { return insert + query + update + remove + getmore + command; }
};

/// Of the storage engine, in bytes.
struct Cache {
  int64_t used = 0, dirty = 0, max = 0;
  double used_share() const { return share_of(used); }    ///< 0 to 1
  double dirty_share() const { return share_of(dirty); }  ///< 0 to 1

 private:
  double share_of(int64_t bytes) const {
    return max > 0 ? static_cast<double>(bytes) / static_cast<double>(max) : 0;
  }
};

/// Operations that wait for a lock.
struct Queue {
  int64_t readers = 0, writers = 0;
  int64_t sum() const { return readers + writers; }
};

/// The right to work in the storage engine.
struct TicketPool {
  int64_t out = 0, total = 0;
  double share() const {
    return total > 0 ? static_cast<double>(out) / static_cast<double>(total) : 0;
  }
};

struct Tickets {
  TicketPool read, write;
  /// Of the pool with fewer left, 0 to 1.
  double out_share() const { return read.share() > write.share() ? read.share() : write.share(); }
};

/// The server's own brake for writes, for the sake of its secondaries.
struct FlowControl {
  bool enabled = false;
  bool is_lagged = false;
  int64_t target_rate = 0;       ///< tickets per second that writers may take
  int64_t acquiring_micros = 0;  ///< spent in waiting for one, since the server's start
};

/// Of the file system below the data.
struct Disk {
  int64_t used = 0, total = 0;  ///< bytes
  int64_t free() const { return total - used; }
};

/// What is asked together, and refused together.
enum class HealthPart {
  kServer,    ///< serverStatus
  kStorage,   ///< its cache and tickets, which a mongos has not
  kMembers,   ///< replSetGetStatus
  kSettings,  ///< replSetGetConfig
  kOplog,     ///< the ends of local.oplog.rs
  kDisk,      ///< dbStats
};
/// "server", "storage", "members", "member settings", "oplog", "disk".
std::string_view to_text(HealthPart part);

struct Unknown {
  HealthPart part;
  std::string why;  ///< "not authorised", "a standalone server has no members", …
  bool not_authorised = false;
};

struct Health {
  int64_t at = 0;    ///< milliseconds since the epoch, the server's clock
  std::string host;  ///< who answered, "name:port"; "" where serverStatus is refused
  std::optional<int64_t> uptime_seconds;
  std::optional<Connections> connections;
  std::optional<Opcounters> opcounters;
  std::optional<int64_t> resident_bytes;
  std::optional<Cache> cache;
  std::optional<Queue> queue;
  std::optional<Tickets> tickets;
  std::optional<FlowControl> flow_control;
  std::vector<MemberHealth> members;  ///< none: not asked, or see why_unknown(kMembers)
  std::optional<double> oplog_window_seconds;
  std::optional<Disk> disk;
  std::vector<Unknown> unknown;  ///< only what was asked for

  /// nullptr when nothing kept it from being known.
  const Unknown* why_unknown(HealthPart part) const;
  /// The member furthest behind of those that count; nullptr when no lag is known.
  const MemberHealth* furthest_behind() const;
};

/// What to ask. Measured on MongoDB 6.0: a round trip of server() 1 ms, memory three more.
struct HealthParts {
  bool server = false;   ///< connections, operations, cache, queue, tickets, flow control, uptime
  bool memory = false;   ///< resident_bytes; the server gathers all its metrics for it
  bool members = false;  ///< with their lag
  bool oplog = false;
  std::string disk_of;  ///< a database; the server visits all of its collections. "": not asked
  /// How long the server may take for each answer; 0: as long as the connection waits.
  std::chrono::milliseconds patience{0};

  /// For several times a second: server and members.
  static HealthParts quick() { return {.server = true, .members = true}; }
  static HealthParts everything(std::string database) {
    return {true, true, true, true, std::move(database)};
  }
};

/// What a member's configuration says of it.
struct MemberSettings {
  bool arbiter = false;
  bool lags_on_purpose = false;  ///< hidden, with a delay
};
using SetSettings = std::map<std::string, MemberSettings, std::less<>>;  // by "host:port"

/// Asks one client again and again. What changes seldom (the set's configuration) is kept, and the
/// last that was heard of members that are down. Belongs to the client's thread.
class HealthProbe {
 public:
  explicit HealthProbe(Client& client) : client_(client) {}

  /// An Error only when the server does not answer, or is about to go or to change its role:
  /// nothing is known then. What it refuses is said in Health::unknown.
  Result<Health> read(const HealthParts& parts);

 private:
  Status read_server(const HealthParts& parts, Health& health);
  Status read_members(const HealthParts& parts, Health& health);
  Status read_settings(const HealthParts& parts, View status, Health& health);
  Status read_oplog(const HealthParts& parts, Health& health);
  Status read_disk(const HealthParts& parts, Health& health);
  Result<std::optional<Document>> ask(std::string_view database, Document command,
                                      const HealthParts& parts, HealthPart part, Health& health);

  Client& client_;
  std::optional<SetSettings> settings_;
  std::optional<Unknown> no_settings_;
  std::string settings_version_;  // "" before they were asked for
  std::map<std::string, int64_t, std::less<>> last_heard_;
};

/// A single reading.
Result<Health> read_health(Client& client, const HealthParts& parts);

/// The replies' meaning, apart from the asking. Of missing fields nothing is filled in.
void parse_server_status(View reply, Health& health);
/// `settings`: std::nullopt where they are unknown. `last_heard` (milliseconds of the newest write
/// of each member) is used for members of which nothing is known now, and brought up to date.
void parse_set_status(View reply, const std::optional<SetSettings>& settings,
                      std::map<std::string, int64_t, std::less<>>& last_heard, Health& health);
SetSettings parse_set_config(View reply);
/// serverStatus with every section switched off that parse_server_status() has no use for.
Document server_status_command(const HealthParts& parts);

}  // namespace whimbrel::mongo
