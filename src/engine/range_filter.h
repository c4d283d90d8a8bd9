// Filters for slices of `_id` order that no mix of BSON types escapes.
#pragma once

#include "mongo/bson.h"

namespace whimbrel {

/// One end of a slice.
struct Bound {
  mongo::OwnedValue value;
  bool included = false;
};

/// `{…}` that matches exactly the documents with lower < _id <= upper (or lower <= _id when
/// included), in the order of the `_id` index.
///
/// Query operators compare within one type only ("type bracketing"), so they are used only between
/// two bounds of one ordinary type, where nothing of another type can lie in between; every other
/// pair goes through `$expr`, which compares across types and, from MongoDB 5.0 on, with index
/// bounds too (seen in explain() of 6.0.5: `(0, BinData(…)]`).
mongo::Document range_filter(const Bound& lower, const mongo::OwnedValue& upper);

/// The slice and the migration's own `where`.
mongo::Document range_and(const mongo::Document& range, mongo::View where);

}  // namespace whimbrel
