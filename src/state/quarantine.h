// Quarantine: documents that could not be migrated or restored, each with its reason and pre-image.
#pragma once

#include <string>
#include <vector>

#include "state/ranges.h"

namespace whimbrel {

struct QuarantinedDocument {
  mongo::OwnedValue id;
  int code = 0;  ///< server's error code; 0 for reasons of our own
  std::string message;
  mongo::Document before;  ///< the document as it was read; empty if it was not there
};

class Quarantine {
 public:
  Quarantine(mongo::Client& client, std::string_view database)
      : errors_(client, database, kErrorsCollection) {}

  /// Recording the same document of the same step again is no error.
  Status add(const StepKey& key, const std::string& migration, const QuarantinedDocument& document,
             mongo::Session* session) const;
  /// The first `limit` of a run, in the order of recording.
  Result<std::vector<QuarantinedDocument>> read(const std::string& run, int limit) const;
  Status remove(const std::string& run) const;

 private:
  mongo::Collection errors_;
};

}  // namespace whimbrel
