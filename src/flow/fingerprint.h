// What a database holds, small enough to compare: whether a migration leaves, or brings back, the
// same documents and definitions.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "flow/project.h"

namespace whimbrel {

struct CollectionFingerprint {
  int64_t documents = 0, bytes = 0;
  uint64_t high = 0, low = 0;  ///< the digests of all documents, added up
  std::string definition;      ///< options and indexes, as text
  bool operator==(const CollectionFingerprint&) const = default;
};
using Fingerprint = std::map<std::string, CollectionFingerprint>;

/// Reads every document of the project's database but whimbrel's own collections.
Result<Fingerprint> fingerprint(Project& project);

/// One line for each collection that differs; an empty collection without options and indexes is
/// as good as none.
std::vector<std::string> differences(const Fingerprint& before, const Fingerprint& after);

/// The user's collections, views left out, by name.
Result<std::vector<std::string>> user_collections(Project& project);

}  // namespace whimbrel
