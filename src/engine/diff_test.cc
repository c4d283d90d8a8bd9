#include "engine/diff.h"

#include <doctest/doctest.h>

using namespace whimbrel;
using mongo::Document;

namespace {
std::vector<std::string> diff(const char* before, const char* after) {
  return typed_diff(Document::from_json(before).value(), Document::from_json(after).value());
}
}  // namespace

TEST_CASE("a diff names what came, went and changed, with types") {
  CHECK(diff(R"({"a": "5", "b": 1, "c": {"d": 1, "e": 2}})",
             R"({"a": 5, "c": {"d": 1, "e": 3}, "f": true})") ==
        std::vector<std::string>{"~ a: \"5\" string -> 5 int", "- b: 1 int",
                                 "~ c.e: 2 int -> 3 int", "+ f: true bool"});
}

TEST_CASE("another type of an equal number is a change") {
  CHECK(diff(R"({"a": 1})", R"({"a": {"$numberDouble": "1.0"}})").size() == 1);
  CHECK(diff(R"({"a": 1})", R"({"a": 1})").empty());
}
