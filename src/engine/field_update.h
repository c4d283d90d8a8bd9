// `$set` and `$unset` of top-level fields, applied here exactly as the server applies them.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "mongo/document_list.h"

namespace whimbrel {

/// Borrows from the operators it was read from.
struct FieldUpdate {
  struct Field {
    std::string_view name;
    std::optional<mongo::Value> value;  ///< nullopt: the field goes
  };
  std::vector<Field> fields;  ///< in the byte order of their names
  /// Every name means the field of that name in an update: no dots, no leading dollar, not empty.
  bool plain_names = true;
  bool twice = false;  ///< a name is there twice; the server refuses that
};

/// Nullopt when there is another operator than `$set` and `$unset`.
std::optional<FieldUpdate> read_field_update(mongo::View operators);

/// What became of the order of new fields.
enum class NewFields {
  kInOrder,  ///< where the server puts them: behind the others, by the byte order of their names
  kUnsure,   ///< several, one with a numeric name: the server has another order for those
};

/// Adds the post-image of `before` to `images`: fields that were there keep their place, names are
/// literal.
NewFields apply_fields(mongo::View before, const FieldUpdate& update, mongo::DocumentList& images);

}  // namespace whimbrel
