// Evidence: what `test`, `rehearse`, `verify` and `backup` found about one file, and what a person
// vouches for. Documents are added, never changed and never removed.
#pragma once

#include <string>
#include <vector>

#include "base/process.h"
#include "mongo/collection.h"
#include "state/changelog.h"

namespace whimbrel {

inline constexpr const char* kTestEvidence = "test";
inline constexpr const char* kRehearsalEvidence = "rehearsal";
inline constexpr const char* kVerifyEvidence = "verify";
inline constexpr const char* kBackupEvidence = "backup";
inline constexpr const char* kTickEvidence = "tick";

/// A document of kEvidenceCollection (docs/state.md).
struct EvidenceRecord {
  std::string id = {};  ///< ObjectId, hex
  int64_t at = 0;       ///< milliseconds, time of the server where it was found
  ProcessIdentity who = {};
  std::string kind = {};  ///< one of the five above
  std::string item = {};  ///< of a tick: the item of the checklist
  std::string migration = {};
  std::string hash = {};  ///< SHA-256 of the file that it is about
  std::string environment = {}, database = {};
  std::string server = {}, program = {};  ///< versions
  bool passed = false;
  int exit = 0;
  mongo::Document figures = {};  ///< what was measured, by kind
  std::string note = {};         ///< of a tick
  bool imported = false;         ///< it was found elsewhere

  /// Its environment, or the database where it has none.
  const std::string& place() const { return environment.empty() ? database : environment; }
  /// Its kind, and of a tick the item: "tick backup".
  std::string subject() const { return item.empty() ? kind : kind + " " + item; }
};

/// The last of that kind, and of a tick of that item, among records that are oldest first; nullptr
/// when there is none.
const EvidenceRecord* newest(const std::vector<EvidenceRecord>& records, std::string_view kind,
                             std::string_view item = "");

class Evidence {
 public:
  Evidence(mongo::Client& client, std::string_view database)
      : records_(client, database, kEvidenceCollection) {}

  /// Adds it about this process, with the server's time, whatever `at` and `who` say.
  Status add(const EvidenceRecord& record) const;
  /// About the file with this hash, or all of it with "", oldest first. A document with a newer `v`
  /// is refused with its number.
  Result<std::vector<EvidenceRecord>> read(const std::string& hash) const;
  /// The same as it is stored.
  Result<std::vector<mongo::Document>> documents(const std::string& hash) const;
  /// Whether it is what documents() gives; kBadMigration when not.
  static Status check(mongo::View document);
  /// Adds a checked document of another database; false when it is here already.
  Result<bool> import(mongo::View document) const;

 private:
  mongo::Collection records_;
};

}  // namespace whimbrel
