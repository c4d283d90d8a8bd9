#include "engine/range_filter.h"

#include <cmath>

namespace whimbrel {

using mongo::Array;
using mongo::Document;
using mongo::make_document;
using mongo::OwnedValue;
using mongo::Type;

namespace {

bool is_plain(const OwnedValue& value) {
  switch (value.type()) {
    case Type::kObjectId:
    case Type::kString:
    case Type::kDate:
    case Type::kBinary:
    case Type::kInt32:
    case Type::kInt64:
      return true;
    // Query operators never match NaN against another number.
    case Type::kDouble:
      return !std::isnan(value.value().as_double());
    default:
      return false;
  }
}

bool is_integer(Type type) {
  return type == Type::kInt32 || type == Type::kInt64;
}

bool same_bracket(const OwnedValue& a, const OwnedValue& b) {
  if (!is_plain(a) || !is_plain(b)) return false;
  auto number = [](Type type) { return is_integer(type) || type == Type::kDouble; };
  return a.type() == b.type() || (number(a.type()) && number(b.type()));
}

Document comparison(const char* name, const OwnedValue& bound) {
  Document literal = make_document("$literal", bound.value());
  Array sides;
  sides.add("$_id").add(literal);
  Document compared;
  compared.append_array(name, sides.view());
  return compared;
}

}  // namespace

Document range_filter(const Bound& lower, const OwnedValue& upper) {
  const char* above = lower.included ? "$gte" : "$gt";
  if (same_bracket(lower.value, upper)) {
    return make_document("_id", make_document(above, lower.value.value(), "$lte", upper.value()));
  }
  Array both;
  both.add(comparison(above, lower.value)).add(comparison("$lte", upper));
  Document conjunction;
  conjunction.append_array("$and", both.view());
  return make_document("$expr", conjunction);
}

Document range_and(const Document& range, mongo::View where) {
  if (where.empty()) return range;
  Document both;
  both.append_array("$and", Array().add(range).add(where).view());
  return both;
}

}  // namespace whimbrel
