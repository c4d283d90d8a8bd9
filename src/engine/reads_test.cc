#include "engine/reads.h"

#include <doctest/doctest.h>

using namespace whimbrel;

namespace {

std::string projected(const std::vector<std::string>& fields, std::string_view json) {
  mongo::DocumentList list;
  Reads(fields).project(mongo::Document::from_json(json).value(), list);
  return list[0].to_relaxed_json();
}

std::string plain(std::string_view json) {
  return mongo::Document::from_json(json)->view().to_relaxed_json();
}

}  // namespace

TEST_CASE("no fields are whole documents") {
  CHECK(Reads({}).everything());
  CHECK(projected({}, R"({"_id": 1, "a": {"b": 2}})") == plain(R"({"_id": 1, "a": {"b": 2}})"));
}

TEST_CASE("fields come in the document's order, with _id") {
  CHECK(projected({"b", "a", "missing"}, R"({"_id": 1, "x": 0, "a": [1], "b": {"c": null}})") ==
        plain(R"({"_id": 1, "a": [1], "b": {"c": null}})"));
}

TEST_CASE("a dotted path keeps its part of a document") {
  CHECK(projected({"a.b", "c.d.e"}, R"({"_id": 1, "a": {"x": 1, "b": 2}, "c": {"d": {"f": 1}}})") ==
        plain(R"({"_id": 1, "a": {"b": 2}, "c": {"d": {}}})"));
  CHECK(projected({"a.b"}, R"({"_id": 1, "a": 5})") == plain(R"({"_id": 1})"));
}

TEST_CASE("a dotted path goes through arrays") {
  CHECK(
      projected({"a.b"}, R"({"_id": 1, "a": [1, {"b": 2, "c": 3}, [{"b": 4, "c": 5}, 6], {}]})") ==
      plain(R"({"_id": 1, "a": [{"b": 2}, [{"b": 4}], {}]})"));
}

TEST_CASE("a field that is read whole, too, is whole") {
  Reads reads({"a", "a.b", "c.d", "_id.x"});
  CHECK_FALSE(reads.is_partial("a"));
  CHECK(reads.is_partial("c"));
  CHECK_FALSE(reads.is_partial("_id"));
  CHECK_FALSE(reads.is_partial("other"));
}
