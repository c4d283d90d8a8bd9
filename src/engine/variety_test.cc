#include "engine/variety.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace whimbrel {
namespace {

mongo::DocumentList list(const std::vector<std::string>& documents) {
  mongo::DocumentList result;
  for (const std::string& json : documents) result.add(mongo::Document::from_json(json).value());
  return result;
}

bool picks(const std::vector<size_t>& picked, size_t position) {
  return std::find(picked.begin(), picked.end(), position) != picked.end();
}

TEST_CASE("a document of another shape is picked wherever it stands") {
  std::vector<std::string> documents(100, R"({"_id": 1, "n": 5})");
  documents[70] = R"({"_id": 1, "n": "5"})";
  documents[80] = R"({"_id": 1})";
  documents[90] = R"({"_id": 1, "n": 5, "more": {"a": null}})";
  auto picked = pick_varied(list(documents), 4);
  CHECK(picked.size() == 4);
  for (size_t position : {70, 80, 90}) CHECK(picks(picked, position));
}

TEST_CASE("values out of the ordinary are picked") {
  std::vector<std::string> documents(50, R"({"n": 5, "s": "abc", "tags": ["a"]})");
  documents[10] = R"({"n": -1, "s": "abc", "tags": ["a"]})";
  documents[20] = R"({"n": 5, "s": "", "tags": ["a"]})";
  documents[30] = R"({"n": 5, "s": "abc", "tags": []})";
  documents[40] = R"({"n": {"$numberLong": "9007199254740995"}, "s": "abc", "tags": ["a"]})";
  auto picked = pick_varied(list(documents), 5);
  for (size_t position : {10, 20, 30, 40}) CHECK(picks(picked, position));
}

TEST_CASE("the smallest and the largest value are picked among ordinary ones") {
  std::vector<std::string> documents;
  for (int i = 0; i < 40; ++i) documents.push_back(R"({"n": 50})");
  documents[7] = R"({"n": 11})";
  documents[9] = R"({"n": 99})";
  auto picked = pick_varied(list(documents), 3);
  CHECK(picks(picked, 7));
  CHECK(picks(picked, 9));
}

TEST_CASE("documents that are all the same fill up from the front, and no more than there are") {
  std::vector<std::string> documents(5, R"({"n": 5})");
  CHECK(pick_varied(list(documents), 3) == std::vector<size_t>{0, 1, 2});
  CHECK(pick_varied(list(documents), 9).size() == 5);
  CHECK(pick_varied(list({}), 9).empty());
}

TEST_CASE("traits name the path, the type and what is out of the ordinary") {
  auto traits = traits_of(mongo::Document::from_json(R"({"a": {"b": [1.5]}, "s": "é"})").value());
  CHECK(traits == std::vector<std::string>{"a object", "a.b array", "a.b[] double",
                                           "a.b[] fraction", "s not ASCII", "s string"});
}

}  // namespace
}  // namespace whimbrel
