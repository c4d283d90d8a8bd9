#include "engine/field_update.h"

#include <doctest/doctest.h>

using namespace whimbrel;
using mongo::Document;

namespace {

Document from(std::string_view json) {
  return Document::from_json(json).value();
}

std::string applied(std::string_view before, std::string_view operators) {
  Document update = from(operators);
  mongo::DocumentList images;
  apply_fields(from(before), *read_field_update(update), images);
  return images[0].to_json();
}

NewFields order_of(std::string_view operators) {
  Document update = from(operators);
  mongo::DocumentList images;
  return apply_fields(from(R"({"_id": 1})"), *read_field_update(update), images);
}

std::string json(std::string_view text) {
  return from(text).view().to_json();
}

}  // namespace

TEST_CASE("fields are replaced in place, others go, new ones follow by name") {
  CHECK(applied(R"({"_id": 1, "a": 1, "b": 2, "c": 3})",
                R"({"$set": {"z": 9, "b": {"x": 1}, "d": 4}, "$unset": {"a": "", "no": ""}})") ==
        json(R"({"_id": 1, "b": {"x": 1}, "c": 3, "d": 4, "z": 9})"));
}

TEST_CASE("nothing to do gives the same bytes") {
  Document before = from(R"({"_id": 1, "a": {"$numberLong": "5"}, "b": [1]})");
  Document update = from(R"({"$set": {"a": {"$numberLong": "5"}}, "$unset": {"x": ""}})");
  mongo::DocumentList images;
  apply_fields(before, *read_field_update(update), images);
  CHECK(images[0].same_bytes(before));
}

TEST_CASE("other operators are not read") {
  Document inc = from(R"({"$set": {"a": 1}, "$inc": {"b": 1}})");
  CHECK_FALSE(read_field_update(inc));
  Document odd = from(R"({"$set": 5})");
  CHECK_FALSE(read_field_update(odd));
}

TEST_CASE("names that are paths or operators are not plain, and one name twice is seen") {
  for (const char* text :
       {R"({"$set": {"a.b": 1}})", R"({"$unset": {"$a": 1}})", R"({"$set": {"": 1}})"}) {
    Document update = from(text);
    CHECK_FALSE(read_field_update(update)->plain_names);
  }
  Document good = from(R"({"$set": {"a$b": 1}})");
  CHECK(read_field_update(good)->plain_names);
  Document twice = from(R"({"$set": {"a": 1}, "$unset": {"a": 1}})");
  CHECK(read_field_update(twice)->twice);
}

TEST_CASE("several new fields with a numeric name among them are unsure") {
  CHECK(order_of(R"({"$set": {"10": 1}})") == NewFields::kInOrder);
  CHECK(order_of(R"({"$set": {"10": 1, "9": 1}})") == NewFields::kUnsure);
  CHECK(order_of(R"({"$set": {"a": 1, "b": 1}})") == NewFields::kInOrder);
}

TEST_CASE("of two fields of one name the first is changed") {
  Document before;
  before.append("_id", 1).append("a", 1).append("a", 2);
  Document update = from(R"({"$unset": {"a": ""}})");
  mongo::DocumentList images;
  apply_fields(before, *read_field_update(update), images);
  CHECK(images[0].to_json() == json(R"({"_id": 1, "a": 2})"));
}
