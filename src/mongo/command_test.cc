#include "mongo/command.h"

#include <doctest/doctest.h>

namespace whimbrel::mongo {
namespace {

View parsed(Document& holder, const char* json) {
  holder = Document::from_json(json).value();
  return holder;
}

bool repeatable(const char* json) {
  Document holder;
  return is_repeatable(parsed(holder, json), {"whimbrel_runs"});
}

}  // namespace

TEST_CASE("a command is named by its first field, and its collection if it has one") {
  Document holder;
  CHECK(command_name(parsed(holder, R"({"find": "users", "limit": 1})")) == "find users");
  CHECK(command_name(parsed(holder, R"({"hello": 1})")) == "hello");
  CHECK(command_name(parsed(holder, R"({})")) == "nothing");
}

TEST_CASE("reads are repeatable") {
  CHECK(repeatable(R"({"find": "users"})"));
  CHECK(repeatable(R"({"listCollections": 1})"));
  CHECK(repeatable(R"({"aggregate": "users", "pipeline": [{"$match": {}}]})"));
}

TEST_CASE("an aggregation that writes is not repeatable") {
  CHECK_FALSE(repeatable(R"({"aggregate": "users", "pipeline": [{"$out": "others"}]})"));
  CHECK_FALSE(repeatable(R"({"aggregate": "users", "pipeline": [{"$merge": {"into": "o"}}]})"));
}

TEST_CASE("writes are repeatable only in collections whose writers promise it") {
  CHECK(repeatable(R"({"update": "whimbrel_runs", "updates": []})"));
  CHECK_FALSE(repeatable(R"({"update": "users", "updates": []})"));
  CHECK_FALSE(repeatable(R"({"insert": "whimbrel_runs", "documents": []})"));
  CHECK_FALSE(repeatable(R"({"createIndexes": "users", "indexes": []})"));
}

}  // namespace whimbrel::mongo
