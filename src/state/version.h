// The format of state documents: which one is written, and which ones are read.
#pragma once

#include <string>
#include <string_view>

#include "mongo/client.h"

namespace whimbrel {

/// The format version that this program writes, and the newest that it reads.
inline constexpr int kStateVersion = 1;

/// An Error (kFailed) with its number and the collection, where `document` has a newer `v`. Older
/// ones, and documents of other tools without `v`, are read. Every reader of a state document asks
/// this first.
Status check_version(mongo::View document, std::string_view collection);

/// What a state document must have: the value at this dotted path, which borrows from `document`.
/// An Error (kFailed) where it is missing, because somebody else changed the document.
Result<mongo::Value> needed(mongo::View document, std::string_view path,
                            std::string_view collection);

/// The same for whatever belongs to a run besides its own document, for a run that is about to be
/// taken over, before anything is changed: all ranges, all of its quarantine, and the journal's
/// last document; the others, which may be gigabytes, are judged as they are read.
Status check_versions_of_run(mongo::Client& client, std::string_view database,
                             const std::string& run);

}  // namespace whimbrel
