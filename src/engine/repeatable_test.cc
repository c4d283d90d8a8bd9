#include "engine/repeatable.h"

#include <doctest/doctest.h>

using namespace whimbrel;
using mongo::Document;

namespace {
Document json(const char* text) {
  return Document::from_json(text).value();
}
}  // namespace

TEST_CASE("$$NOW is read from a variable, with its fields, at any depth") {
  Document pipeline = json(
      R"({"0": {"$set": {"at": "$$NOW", "deep": {"$year": {"date": "$$NOW"}}, "l": ["$$NOW.x"]}}})");
  Document expected = json(
      R"({"0": {"$set": {"at": "$$whimbrelNow", "deep": {"$year": {"date": "$$whimbrelNow"}}, "l": ["$$whimbrelNow.x"]}}})");
  CHECK(pin_now(pipeline).view().to_json() == expected.view().to_json());
}

TEST_CASE("a literal that reads $$NOW stays text") {
  Document pipeline =
      json(R"({"0": {"$set": {"a": {"$literal": "$$NOW"}, "b": {"$literal": {"c": "$$NOW"}}}}})");
  CHECK(pin_now(pipeline).view().same_bytes(pipeline));
}

TEST_CASE("a variable whose name only begins with NOW is another one") {
  Document pipeline = json(R"({"0": {"$set": {"a": "$$NOWADAYS"}}})");
  CHECK(pin_now(pipeline).view().same_bytes(pipeline));
}

TEST_CASE(
    "chance and the cluster's time make a pipeline unrepeatable, their names in literals do not") {
  CHECK_FALSE(is_repeatable(json(R"({"0": {"$set": {"a": {"$add": [1, {"$rand": {}}]}}}})")));
  CHECK_FALSE(is_repeatable(json(R"({"0": {"$set": {"a": "$$CLUSTER_TIME"}}})")));
  CHECK(is_repeatable(json(R"({"0": {"$set": {"a": {"$literal": {"$rand": {}}}}}})")));
  CHECK(is_repeatable(json(R"({"0": {"$set": {"a": "$$NOW"}}})")));
}
