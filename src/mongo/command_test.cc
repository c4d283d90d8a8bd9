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

bool brief(const char* json) {
  Document holder;
  return is_brief(parsed(holder, json), {"whimbrel_runs"});
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

TEST_CASE("commands about the server and on own collections are brief") {
  CHECK(brief(R"({"hello": 1})"));
  CHECK(brief(R"({"update": "whimbrel_runs", "updates": []})"));
  CHECK(brief(R"({"delete": "whimbrel_runs", "deletes": [{"q": {}, "limit": 1}]})"));
}

TEST_CASE("commands that may take hours are not brief") {
  CHECK_FALSE(brief(R"({"createIndexes": "users", "indexes": []})"));
  CHECK_FALSE(brief(R"({"find": "users"})"));
  CHECK_FALSE(brief(R"({"delete": "whimbrel_runs", "deletes": [{"q": {}, "limit": 0}]})"));
}

}  // namespace whimbrel::mongo
