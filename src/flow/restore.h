// `restore`: a backup, ours or mongodump's, into the project's database.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "backup/load.h"
#include "flow/project.h"

namespace whimbrel {

enum class Existing { kStays, kIsReplaced };

struct RestoreRequest {
  std::string path;  ///< "-" for an archive on stdin
  Existing existing = Existing::kStays;
  std::vector<std::string> only;
  bool dry_run = false;
  bool preserve_uuids = false;  ///< see backup::LoadSetting
  std::string source_database;     ///< that is meant where the backup holds several
  bool to_other_database = false;  ///< the backup may be of another database than the project's
  int workers = 0;                 ///< 0: 4
  std::chrono::milliseconds lock_wait{0};
};

struct RestoredCollection {
  std::string name;
  std::string how;  ///< "add", "replace", "put"
  backup::LoadFigures figures;
};

struct Restored {
  std::string from_database;
  backup::CheckedContent checked;
  std::vector<RestoredCollection> collections;
  std::vector<std::string> notes;
  double seconds = 0;
};

/// Checks the whole backup, and then loads it under the lock, with records in the audit. `say` gets
/// warnings meanwhile. Errors: kBadMigration for what is damaged, before anything is written;
/// kNotFound, kUsage.
Result<Restored> restore(Project& project, const RestoreRequest& request, Progress& progress,
                         Reporter& reporter, Stop& stop);

}  // namespace whimbrel
