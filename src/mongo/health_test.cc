#include "mongo/health.h"

#include <doctest/doctest.h>

namespace whimbrel::mongo {
namespace {

using Heard = std::map<std::string, int64_t, std::less<>>;

Document json(const char* text) {
  return Document::from_json(text).value();
}

Health of_server(const char* text) {
  Health health;
  parse_server_status(json(text), health);
  return health;
}

Health of_set(const char* text, const std::optional<SetSettings>& settings = std::nullopt,
              Heard heard = {}) {
  Health health;
  parse_set_status(json(text), settings, heard, health);
  return health;
}

constexpr const char* kSet = R"json({"date": {"$date": 50000}, "members": [
  {"name": "a:1", "health": 1, "state": 1, "stateStr": "PRIMARY", "optime": {}, "self": true,
   "optimeDate": {"$date": 40000}, "lastAppliedWallTime": {"$date": 40900}},
  {"name": "b:1", "health": 1, "state": 2, "stateStr": "SECONDARY", "optime": {},
   "optimeDate": {"$date": 30000}, "lastAppliedWallTime": {"$date": 40400}},
  {"name": "c:1", "health": 0, "state": 8, "stateStr": "(not reachable/healthy)", "optime": {},
   "optimeDate": {"$date": 0}, "lastAppliedWallTime": {"$date": 20900}},
  {"name": "d:1", "health": 1, "state": 2, "stateStr": "SECONDARY", "optime": {},
   "optimeDate": {"$date": 10000}, "lastAppliedWallTime": {"$date": 10900}},
  {"name": "e:1", "health": 0, "state": 8, "stateStr": "(not reachable/healthy)"},
  {"name": "f:1", "health": 1, "state": 3, "stateStr": "RECOVERING", "optime": {},
   "optimeDate": {"$date": 25000}, "lastAppliedWallTime": {"$date": 25900}}]})json";

constexpr const char* kConfig = R"({"config": {"version": 1, "members": [
  {"host": "a:1", "hidden": false, "secondaryDelaySecs": 0},
  {"host": "b:1", "hidden": true, "secondaryDelaySecs": {"$numberLong": "0"}},
  {"host": "c:1", "hidden": false, "secondaryDelaySecs": {"$numberLong": "60"}},
  {"host": "d:1", "hidden": true, "secondaryDelaySecs": {"$numberLong": "60"}},
  {"host": "e:1", "arbiterOnly": true, "hidden": false}]}})";

TEST_CASE("what a mongod of MongoDB 6 says of its load is read") {
  Health health = of_server(R"({"host": "a:1", "process": "mongod", "uptime": 29.0, "localTime": {"$date": 1234},
    "connections": {"current": 3, "available": 15997, "active": 2},
    "opcounters": {"insert": 1, "query": 2, "update": 3, "delete": 4, "getmore": 5, "command": 6},
    "mem": {"resident": 137},
    "globalLock": {"currentQueue": {"total": 3, "readers": 1, "writers": 2}},
    "flowControl": {"enabled": true, "targetRateLimit": 1000, "timeAcquiringMicros": 51,
                    "isLagged": true},
    "wiredTiger": {
      "cache": {"bytes currently in the cache": 500, "tracked dirty bytes in the cache": 150,
                "maximum bytes configured": {"$numberLong": "1000"}},
      "concurrentTransactions": {"write": {"out": 96, "available": 32, "totalTickets": 128},
                                 "read": {"out": 1, "available": 127, "totalTickets": 128}}}})");
  CHECK(health.at == 1234);
  CHECK(health.host == "a:1");
  CHECK(health.uptime_seconds == 29);
  CHECK(health.connections->current == 3);
  CHECK(health.connections->available == 15997);
  CHECK(health.connections->active == 2);
  CHECK(health.opcounters->remove == 4);
  CHECK(health.opcounters->sum() == 21);
  CHECK(health.resident_bytes == 137 << 20);
  CHECK(health.queue->readers == 1);
  CHECK(health.queue->writers == 2);
  CHECK(health.flow_control->enabled);
  CHECK(health.flow_control->is_lagged);
  CHECK(health.flow_control->target_rate == 1000);
  CHECK(health.flow_control->acquiring_micros == 51);
  CHECK(health.cache->used_share() == doctest::Approx(0.5));
  CHECK(health.cache->dirty_share() == doctest::Approx(0.15));
  CHECK(health.tickets->write.out == 96);
  CHECK(health.tickets->read.total == 128);
  CHECK(health.tickets->out_share() == doctest::Approx(0.75));
}

TEST_CASE("tickets of MongoDB 8 are found where that keeps them") {
  Health health = of_server(R"({"queues": {"execution": {
    "read": {"out": 2, "available": 8, "totalTickets": 10, "normalPriority": {"queueLength": 0}},
    "write": {"out": 5, "available": 5, "totalTickets": 10}}}})");
  CHECK(health.tickets->read.out == 2);
  CHECK(health.tickets->write.share() == doctest::Approx(0.5));
}

TEST_CASE("a mongos is known by its connections alone") {
  Health health = of_server(R"({"process": "mongos", "uptime": 5,
    "connections": {"current": 3, "available": 7}, "opcounters": {"insert": 1}})");
  CHECK(health.connections->current == 3);
  CHECK_FALSE(health.connections->active);
  CHECK_FALSE(health.cache);
  CHECK_FALSE(health.tickets);
  CHECK_FALSE(health.queue);
  CHECK_FALSE(health.flow_control);
  CHECK_FALSE(health.resident_bytes);
}

TEST_CASE("lag is told to the millisecond, of members that are down, too, but not of arbiters") {
  Health health = of_set(kSet);
  REQUIRE(health.members.size() == 6);
  CHECK(health.at == 50000);
  CHECK(health.members[0].primary);
  CHECK_FALSE(health.members[0].lag_seconds);
  CHECK_FALSE(health.members[0].counts_for_lag);
  CHECK(*health.members[1].lag_seconds == doctest::Approx(0.5));
  CHECK(health.members[1].up);
  CHECK(*health.members[2].lag_seconds == doctest::Approx(20));
  CHECK_FALSE(health.members[2].up);
  CHECK(health.members[2].counts_for_lag);
  CHECK(health.members[4].arbiter);
  CHECK_FALSE(health.members[4].lag_seconds);
  CHECK_FALSE(health.members[4].counts_for_lag);
  CHECK(*health.members[5].lag_seconds == doctest::Approx(15));
  CHECK(health.members[5].counts_for_lag);
}

TEST_CASE("a hidden member with a delay lags on purpose; without the configuration it counts") {
  CHECK(of_set(kSet).furthest_behind()->name == "d:1");
  Health health = of_set(kSet, parse_set_config(json(kConfig)));
  CHECK_FALSE(health.members[3].counts_for_lag);
  CHECK(*health.members[3].lag_seconds == doctest::Approx(30));
  CHECK(health.members[1].counts_for_lag);  // hidden alone
  CHECK(health.members[2].counts_for_lag);  // delayed alone
  CHECK(health.furthest_behind()->name == "c:1");
}

TEST_CASE("a delay is known by its name before MongoDB 5, too") {
  SetSettings settings = parse_set_config(
      json(R"({"config": {"members": [{"host": "a:1", "hidden": true, "slaveDelay": 5}]}})"));
  CHECK(settings.at("a:1").lags_on_purpose);
}

TEST_CASE("a server without wall times gives lag in whole seconds, and what was heard is kept") {
  Heard heard;
  Health health;
  parse_set_status(json(R"({"members": [
    {"name": "a:1", "health": 1, "state": 1, "optime": {}, "optimeDate": {"$date": 40000}},
    {"name": "b:1", "health": 1, "state": 2, "optime": {}, "optimeDate": {"$date": 38000}}]})"),
                   std::nullopt, heard, health);
  CHECK(*health.members[1].lag_seconds == doctest::Approx(2));
  health = {};
  parse_set_status(json(R"({"members": [
    {"name": "a:1", "health": 1, "state": 1, "optime": {}, "optimeDate": {"$date": 45000}},
    {"name": "b:1", "health": 0, "state": 8, "optime": {}, "optimeDate": {"$date": 0}},
    {"name": "c:1", "health": 0, "state": 8, "optime": {}, "optimeDate": {"$date": 0}}]})"),
                   std::nullopt, heard, health);
  CHECK(*health.members[1].lag_seconds == doctest::Approx(7));
  CHECK_FALSE(health.members[2].lag_seconds);  // never heard of: unknown, not 0
  CHECK(health.members[2].counts_for_lag);
}

TEST_CASE("without a primary lag is told against the newest that any member has") {
  Health health = of_set(R"({"members": [
    {"name": "a:1", "health": 1, "state": 2, "optime": {}, "optimeDate": {"$date": 40000}},
    {"name": "b:1", "health": 1, "state": 2, "optime": {}, "optimeDate": {"$date": 38000}}]})");
  CHECK(*health.members[0].lag_seconds == doctest::Approx(0));
  CHECK(*health.members[1].lag_seconds == doctest::Approx(2));
}

TEST_CASE("replies of another shape make nothing known") {
  for (const char* odd :
       {R"({})", R"({"connections": 1, "wiredTiger": [], "globalLock": "x", "mem": {}})",
        R"({"queues": {"execution": {"read": {"out": "1"}}}, "wiredTiger": {"cache": {}}})"}) {
    Health health = of_server(odd);
    CHECK_FALSE(health.connections);
    CHECK_FALSE(health.cache);
    CHECK_FALSE(health.tickets);
    CHECK_FALSE(health.queue);
    CHECK_FALSE(health.resident_bytes);
  }
  CHECK(of_set(R"({"members": 3})").members.empty());
  CHECK_FALSE(of_set(R"({"members": [1, {}]})").furthest_behind());
}

TEST_CASE("several times a second, the server is not asked for its metrics") {
  Document quick = server_status_command(HealthParts::quick());
  CHECK(quick.view().get_int("metrics", 1) == 0);
  CHECK(quick.view().get_int("locks", 1) == 0);
  CHECK(quick.view().get_int("wiredTiger") == 1);
  Document all = server_status_command(HealthParts::everything("shop"));
  CHECK(all.view().get_int("metrics") == 1);
  CHECK(all.view().get_int("locks", 1) == 0);
}

}  // namespace
}  // namespace whimbrel::mongo
