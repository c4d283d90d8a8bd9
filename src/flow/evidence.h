// What is kept of a test, a rehearsal or a verification, and how it is carried to another database.
#pragma once

#include "flow/trial.h"
#include "flow/verify.h"
#include "state/evidence.h"

namespace whimbrel {

/// A record of this project's environment, database and server, still about no file. It passed when
/// `exit` is 0 or 3.
EvidenceRecord new_evidence(const Project& project, const std::string& kind, int exit);

/// Adds what was found to the evidence of the project's database. `passed` as the exit code says: 0
/// or 3.
Status keep_evidence(Project& project, const Trial& trial);
Status keep_evidence(Project& project, const Verification& verification);

/// What could not be kept is no failure of what was found: it is said in `notes`.
void note_unless_kept(const Status& kept, std::vector<std::string>& notes);

/// The evidence about the file that a person means by `name`, as it is now, or all of it with "".
/// kNotFound as History::resolve() says.
Result<std::vector<EvidenceRecord>> read_evidence(Project& project, const std::string& name);

/// The same as text of a JSON file: `{"type": "evidence", "v": 1, "records": […], "sha256"}`, with
/// the records in canonical Extended JSON and the SHA-256 of their texts, each with a line feed
/// behind it. The hash tells damage and changes by hand, not who wrote it.
Result<std::string> export_evidence(Project& project, const std::string& name);

struct ImportedEvidence {
  int64_t added = 0;
  int64_t known = 0;  ///< were there already
};
/// Adds the records of such a file, with an entry in the audit. kNotFound, kBadMigration: nothing
/// of a file that is damaged is taken.
Result<ImportedEvidence> import_evidence(Project& project, const std::string& path);

}  // namespace whimbrel
