// state: everything whimbrel keeps in the user's database, one file a kind of document
// (docs/state.md).
//
// The changelog: which migrations are applied, in migrate-mongo's shape.
#pragma once

#include <string>
#include <vector>

#include "mongo/collection.h"
#include "state/version.h"

namespace whimbrel {

/// Names of the collections that hold whimbrel's own documents.
inline constexpr const char* kRunsCollection = "whimbrel_runs";
inline constexpr const char* kRangesCollection = "whimbrel_ranges";
inline constexpr const char* kJournalCollection = "whimbrel_journal";
inline constexpr const char* kErrorsCollection = "whimbrel_errors";
inline constexpr const char* kAuditCollection = "whimbrel_audit";
inline constexpr const char* kEvidenceCollection = "whimbrel_evidence";

/// One applied migration. Entries of other tools have less: 0 and "" where a field is missing.
struct ChangelogEntry {
  std::string file;
  std::string hash;        ///< SHA-256 of the file when it was applied; "" if nobody kept it
  int64_t applied_at = 0;  ///< milliseconds since the epoch
  double block = 0;        ///< migrationBlock: milliseconds of the `up` that applied it
  std::string run;         ///< our run's ObjectId; "" for entries of other tools
  int64_t documents = 0;   ///< documentsProcessed
  int64_t errors = 0;
  double seconds = 0;
};

class Changelog {
 public:
  Changelog(mongo::Client& client, std::string_view database, std::string_view collection)
      : entries_(client, database, collection) {}

  /// All entries in the order they were applied: by `appliedAt`, then file name. As with every
  /// state document, a newer `v` is refused (version.h).
  Result<std::vector<ChangelogEntry>> read() const;

  /// Adds an entry with the server's time; its `_id` is the run's, so adding it again is harmless.
  /// `fileHash` is written only when `with_file_hash`, since migrate-mongo compares it only in
  /// projects that use it; our own copy is always kept.
  Status add(const ChangelogEntry& entry, bool with_file_hash, mongo::Session* session) const;

  /// How many of the run's documents are in quarantine now.
  Status set_errors(const std::string& run, int64_t errors) const;

  /// The file's entries get this hash wherever they have one.
  Status set_hash(const std::string& file, const std::string& hash, mongo::Session* session) const;

  /// Removes every entry of that file; an entry that is gone already is no error.
  Status remove(const std::string& file, mongo::Session* session) const;

 private:
  mongo::Collection entries_;
};

}  // namespace whimbrel
