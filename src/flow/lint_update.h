// What an update does when it runs again, told from its text: for `lint`.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "mongo/bson.h"

namespace whimbrel {

/// An update as migrations write it: operators, or a pipeline. Literals of scripts may hold
/// `{$unknown: true}` and fields called `?`: what only running them would tell.
struct UpdateText {
  mongo::View body;  ///< an array if is_pipeline
  bool is_pipeline = false;
};

/// The dotted paths that it sets, unsets or renames; `?` stands for those that cannot be told.
/// Array positions (`items.$.price`) are left out of the paths.
std::set<std::string> written_fields(const UpdateText& update);

/// Why a second run over the same document would give something else: "$inc adds to n again".
/// "" when it would not, or when that cannot be told.
std::string unrepeatable(const UpdateText& update);

/// Whether `where` looks at a field that the update changes, so that a finished document can be
/// told from others; true when that cannot be told. A range over a field that is counted up is no
/// such condition.
bool excludes_finished(mongo::View where, const UpdateText& update);

/// The dotted paths that a filter looks at, in its order; `?` for those that cannot be told.
std::vector<std::string> filter_fields(mongo::View where);

/// One of them is the other, or lies inside it. Nothing overlaps with `?`.
bool paths_overlap(std::string_view a, std::string_view b);

}  // namespace whimbrel
