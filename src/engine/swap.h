// Replaces documents only where they still are what they are believed to be.
#pragma once

#include <vector>

#include "mongo/collection.h"
#include "mongo/document_list.h"

namespace whimbrel {

/// One document's wanted change. An empty view means "absent".
struct Replacement {
  mongo::Value id;  ///< borrowed, like the views
  mongo::View from;
  mongo::View to;
};

/// What became of each replacement, by its position.
struct SwapOutcome {
  size_t written = 0;             ///< documents that somebody deleted first are counted here, too
  std::vector<size_t> untouched;  ///< somebody changed the document first: it was not written
  std::vector<mongo::WriteError> refused;  ///< the server refused the write, and why
};

/// Without a transaction: every statement carries its own guard, so a document that somebody
/// changes in between stays as it is and is reported.
///
/// The guard compares values as MongoDB does: a field that the application meanwhile gave another
/// numeric type of equal value, or, in a collection with a collation, another spelling that
/// collates equal, passes it. Documents above 5 MiB are guarded by their size and all fields below
/// 4 KiB.
Result<SwapOutcome> swap_guarded(const mongo::Collection& collection,
                                 const std::vector<Replacement>& replacements);

/// Writes every `to` without looking: right only inside the transaction that has read every `from`.
Status swap_in_transaction(const mongo::Collection& collection,
                           const std::vector<Replacement>& replacements, mongo::Session& session);

/// Documents by their positions in a list of `_id`s.
class CurrentDocuments {
 public:
  explicit CurrentDocuments(size_t size) : at_(size) {}
  void put(size_t position, mongo::View document);
  /// Empty where there is none; borrows.
  mongo::View operator[](size_t position) const;

 private:
  mongo::DocumentList found_;
  std::vector<size_t> at_;  ///< 1 + the position in `found_`; 0: there is none
};

/// The documents with these `_id`s as they are now. `likely_bytes` is what one may take, to bound
/// what is on its way at a time.
Result<CurrentDocuments> read_current(const mongo::Collection& collection,
                                      const std::vector<mongo::Value>& ids, int64_t likely_bytes,
                                      mongo::Session* session);

}  // namespace whimbrel
