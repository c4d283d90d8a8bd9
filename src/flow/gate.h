// The gate before `up`: evidence that an environment asks for.
#pragma once

#include <string>
#include <vector>

#include "flow/project.h"
#include "migration/migration.h"
#include "state/evidence.h"

namespace whimbrel {

/// What `requires:` asks for and nobody has found yet.
struct MissingEvidence {
  std::string requirement;  ///< "test", "rehearsal", "verify", "backup"
  std::string why;          ///< there is none, or what is wrong with the newest
  std::string command;      ///< that finds it
};

/// The newest record of `kind` decides, whoever found it where; one that failed is as bad as none.
/// "backup" is a backup of this database since the last migration was applied, or a person's word,
/// a tick of that item, whichever is newer. A test or a rehearsal in which a document step tried no
/// document counts only in the database where there were none to try. `records`: those of the very
/// file, oldest first.
std::vector<MissingEvidence> missing_evidence(const Project& project, const Migration& migration,
                                              const std::vector<EvidenceRecord>& records);

/// Evidence about a file without the backups that are out of date: made elsewhere, or before the
/// last migration was applied here.
Result<std::vector<EvidenceRecord>> read_gate_evidence(Project& project, const std::string& hash);

/// kFailed when something is missing for one of `migrations`: everything that is, one a line.
Status check_gate(Project& project, const std::vector<const Migration*>& migrations);
/// The same before a backup is made, which is all that may be missing.
Status check_gate_but_backup(Project& project, const std::vector<const Migration*>& migrations);

}  // namespace whimbrel
