// Quarantine: documents that could not be migrated or restored, each with its reason and pre-image.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "state/ranges.h"

namespace whimbrel {

struct QuarantinedDocument {
  mongo::OwnedValue id;
  int code = 0;  ///< server's error code; 0 for reasons of our own
  std::string message;
  mongo::Document before;  ///< the document as it was read; empty if it was not there
  /// Whether it was migrated is unknown, for the application wrote it around an interruption: it is
  /// not tried again.
  bool ambiguous = false;
  std::optional<int> retry;  ///< the range in which it is tried again
  int64_t at = 0;            ///< when, milliseconds; set by the server
};

/// The quarantine of one step.
struct QuarantinedStep {
  StepKey key;
  std::string migration;  ///< file name
  int64_t documents = 0;
};

/// A document of kErrorsCollection. Errors: a newer version, a missing field (version.h).
Result<QuarantinedDocument> read_quarantined(mongo::View document);

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

  /// Every step that has documents in quarantine, oldest run first.
  Result<std::vector<QuarantinedStep>> steps() const;
  using Visit = std::function<Status(const QuarantinedDocument&)>;
  /// Calls `visit` for each document of a step in `_id` order, one in memory at a time.
  Status each(const StepKey& key, const Visit& visit) const;
  /// The map_key()s of those of these `_id`s that are in the step's quarantine.
  Result<std::unordered_set<std::string>> among(const StepKey& key,
                                                const std::vector<mongo::OwnedValue>& ids) const;
  /// Notes that the document is tried again in that range, or, with nullopt, that it was tried.
  Status set_retry(const StepKey& key, const mongo::Value& id, std::optional<int> range) const;
  Status remove_one(const StepKey& key, const mongo::Value& id) const;

 private:
  mongo::Collection errors_;
};

}  // namespace whimbrel
