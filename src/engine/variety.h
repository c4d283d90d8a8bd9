// Picks few documents out of many that are as different as possible.
#pragma once

#include <vector>

#include "mongo/document_list.h"

namespace whimbrel {

/// Positions of at most `wanted` documents, in ascending order: each adds what those before it do
/// not show. What counts: which fields a document has and of which types, values out of the
/// ordinary (empty, negative, beyond 32 or 53 bits, not a number, long, not ASCII, before 1970),
/// and the smallest and largest value of each field. Where nothing new is left, the first ones
/// that are not picked yet.
std::vector<size_t> pick_varied(const mongo::DocumentList& documents, size_t wanted);

/// What pick_varied() sees in a document, for example "age int32", "age negative", "tags[] string".
std::vector<std::string> traits_of(mongo::View document);

}  // namespace whimbrel
