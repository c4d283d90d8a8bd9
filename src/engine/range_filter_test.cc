#include "engine/range_filter.h"

#include <doctest/doctest.h>

#include <limits>

using namespace whimbrel;
using mongo::Document;
using mongo::OwnedValue;

namespace {

OwnedValue value_of(const Document& holder) {
  return OwnedValue(*holder.view().find("v"));
}
template <class T>
OwnedValue value(const T& raw) {
  return value_of(mongo::make_document("v", raw));
}
bool uses_query_operators(const OwnedValue& lower, const OwnedValue& upper) {
  return range_filter({lower, false}, upper).view().find("_id").has_value();
}

}  // namespace

TEST_CASE("two bounds of one type use the index by query operators") {
  CHECK(uses_query_operators(value(1), value(5)));
  CHECK(uses_query_operators(value(1), value(5.5)));
  CHECK(uses_query_operators(value("a"), value("b")));
  Document filter = range_filter({value(1), false}, value(5));
  CHECK(filter.view().to_json() ==
        R"({ "_id" : { "$gt" : { "$numberInt" : "1" }, "$lte" : { "$numberInt" : "5" } } })");
}

TEST_CASE(
    "bounds of two types go through $expr, because query operators would skip what lies between") {
  CHECK_FALSE(uses_query_operators(value(1), value("a")));
  CHECK_FALSE(uses_query_operators(value("a"), value(mongo::make_document("x", 1))));
  CHECK_FALSE(uses_query_operators(value(mongo::make_document("x", 1)),
                                   value(mongo::make_document("x", 2))));
}

TEST_CASE("NaN and the extremes of the order are no ordinary bounds") {
  CHECK_FALSE(uses_query_operators(value(std::numeric_limits<double>::quiet_NaN()), value(1)));
  Document low, high, null;
  low.append_min_key("v");
  high.append_max_key("v");
  null.append_null("v");
  CHECK_FALSE(uses_query_operators(value_of(low), value_of(high)));
  CHECK_FALSE(uses_query_operators(value_of(null), value_of(null)));
}

TEST_CASE("the first slice includes its lower end and no other does") {
  CHECK(range_filter({value(1), true}, value(2)).view().at_path("_id.$gte"));
  CHECK(range_filter({value(1), false}, value(2)).view().at_path("_id.$gt"));
}

TEST_CASE("a `where` is added beside the slice, whatever fields it has") {
  Document range = range_filter({value(1), false}, value(2));
  CHECK(range_and(range, mongo::View()).view().same_bytes(range));
  Document both = range_and(range, mongo::make_document("_id", 7));
  CHECK(both.view().at_path("$and.0._id"));
  CHECK(both.view().at_path("$and.1._id")->as_int() == 7);
}
