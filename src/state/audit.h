// Audit: who did what when. Documents are added, never changed and never removed.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/process.h"
#include "mongo/collection.h"
#include "state/changelog.h"

namespace whimbrel {

enum class AuditAction {
  kRunStarted,
  kRunResumed,
  kRunEnded,
  kDownStarted,
  kDownResumed,
  kDownEnded,
  kRetryStarted,
  kRetryEnded,
  kResolve,
  kUnlock,
  kEvidenceImported,
  kTicked,
  kPaused,
  kResumed,
  kCancelled,
  kSet,
  kBackup,
  kRestoreStarted,
  kRestoreEnded,
};
std::string_view to_text(AuditAction action);

enum class AuditOutcome { kDone, kInterrupted, kFailed };
std::string_view to_text(AuditOutcome outcome);

/// What this process is about to do, or how it ended.
struct AuditRecord {
  AuditAction action = AuditAction::kRunStarted;
  std::string migration;  ///< file name; "" when it is about none
  std::string run;        ///< ObjectId, hex; "" when it is about none
  std::string hash;       ///< SHA-256 of the file
  mongo::Document options = {};
  std::optional<AuditOutcome> outcome = {};  ///< of what has ended, or was refused
  std::string message = {};
};

/// A document of the audit, as it is read.
struct AuditEntry {
  int64_t at = 0;  ///< milliseconds, server time
  ProcessIdentity who;
  std::string action;
  std::string migration;
  std::string run;
  std::string hash;
  mongo::Document options;
  std::string outcome;  ///< "" where nothing has ended
  std::string message;
};

class Audit {
 public:
  Audit(mongo::Client& client, std::string_view database)
      : entries_(client, database, kAuditCollection) {}

  /// Adds a document about this process, with the server's time.
  Status add(const AuditRecord& record, mongo::Session* session = nullptr) const;

  using Visit = std::function<Status(const AuditEntry&)>;
  /// Calls `visit` for each document about `migration`, or for all with "", oldest first, one in
  /// memory at a time. A document with a newer `v` is refused with its number.
  Status each(const std::string& migration, const Visit& visit) const;
  Result<bool> knows(const std::string& migration) const;

 private:
  mongo::Collection entries_;
};

}  // namespace whimbrel
