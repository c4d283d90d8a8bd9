#include "mongo/operations.h"

#include <doctest/doctest.h>

namespace whimbrel::mongo {
namespace {

std::vector<SlowOperation> of(const char* text, size_t most = 10) {
  return parse_operations(Document::from_json(text).value(), most);
}

TEST_CASE("the longest operation comes first, with who asked for it") {
  auto slow = of(R"({"inprog": [
    {"client": "10.0.0.1:5", "opid": 7, "secs_running": 2, "microsecs_running": 2500000,
     "op": "query", "ns": "shop.orders", "command": {"find": "orders", "filter": {"a": "secret"}},
     "clientMetadata": {"driver": {"name": "nodejs"}}},
    {"client_s": "10.0.0.2:5", "opid": "shard1:9", "secs_running": 60, "op": "update",
     "ns": "shop.users", "appName": "orders", "waitingForLock": true,
     "effectiveUsers": [{"user": "app", "db": "admin"}]}]})");
  REQUIRE(slow.size() == 2);
  CHECK(slow[0].opid == "shard1:9");
  CHECK(slow[0].seconds == doctest::Approx(60));
  CHECK(slow[0].application == "orders");
  CHECK(slow[0].user == "app@admin");
  CHECK(slow[0].client == "10.0.0.2:5");
  CHECK(slow[0].waits_for_lock);
  CHECK(slow[1].opid == "7");
  CHECK(slow[1].seconds == doctest::Approx(2.5));
  CHECK(slow[1].application == "nodejs");
  CHECK(slow[1].command == "find");
  CHECK(slow[1].ns == "shop.orders");
  CHECK(slow[1].user.empty());
}

TEST_CASE("what the server does for itself, and what waits on purpose, is not slow") {
  CHECK(of(R"({"inprog": [
    {"desc": "NoopWriter", "opid": 1, "secs_running": 9, "op": "command"},
    {"client": "a:1", "opid": 2, "secs_running": 9, "op": "none"},
    {"client": "a:1", "opid": 3, "secs_running": 9, "op": "command", "command": {"hello": 1}},
    {"client": "a:1", "opid": 4, "secs_running": 9, "op": "command", "command": {"currentOp": 1}},
    {"client": "a:1", "opid": 5, "secs_running": 9, "op": "getmore", "ns": "local.oplog.rs",
     "clientMetadata": {"driver": {"name": "NetworkInterfaceTL"}}},
    {"client": "a:1", "opid": 6, "secs_running": 9, "op": "getmore",
     "cursor": {"tailable": true, "awaitData": true}},
    {"client": "a:1", "opid": 7, "microsecs_running": 900000, "op": "query"}]})")
            .empty());
}

TEST_CASE("what a mongos asks a shard for is a client's") {
  auto slow = of(R"({"inprog": [{"client": "a:1", "opid": 5, "secs_running": 9, "op": "query",
    "clientMetadata": {"driver": {"name": "NetworkInterfaceTL"}, "mongos": {"host": "m"}}}]})");
  CHECK(slow.size() == 1);
}

TEST_CASE("of many only the longest are kept") {
  auto slow = of(R"({"inprog": [
    {"client": "a:1", "opid": 1, "secs_running": 1, "op": "query"},
    {"client": "a:1", "opid": 2, "secs_running": 3, "op": "query"},
    {"client": "a:1", "opid": 3, "secs_running": 2, "op": "query"}]})",
                 2);
  REQUIRE(slow.size() == 2);
  CHECK(slow[0].opid == "2");
  CHECK(slow[1].opid == "3");
}

}  // namespace
}  // namespace whimbrel::mongo
