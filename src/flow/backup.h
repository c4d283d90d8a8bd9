// `backup`: the database, or parts of it, as files; and what is kept of having made them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "backup/catalog.h"
#include "backup/store.h"
#include "base/progress.h"
#include "base/stop.h"
#include "flow/project.h"
#include "migration/migration.h"

namespace whimbrel {

/// Where it goes.
struct BackupPlace {
  enum class Kind { kDefault, kFolder, kArchive, kStdout } kind = Kind::kDefault;
  std::string path;  ///< of kFolder and kArchive
  bool gzip = false;
};

struct BackupRequest {
  std::optional<std::vector<backup::Wanted>> wanted;  ///< nullopt: everything
  bool missing_is_error = true;
  std::vector<const Migration*> before;  ///< migrations that it is made for; may be none
  BackupPlace place;
  int workers = 0;  ///< 0: as the machine has processors, at most 4
};

struct BackupMade {
  std::string path;  ///< "" for stdout
  backup::Manifest manifest;
  double seconds = 0;
  std::vector<std::string> notes;
};

/// Only these collections; nullopt for none named.
std::optional<std::vector<backup::Wanted>> wanted_collections(const std::vector<std::string>& only);

/// The pending migration that `name` means, loaded. kNotFound; kFailed when it is applied already.
Result<Migration> pending_migration(Project& project, const std::string& name);

/// Makes it: complete under its name, or not at all. Kept in the audit and, with a path, as
/// evidence for the migrations that it covers: those of `before`, or all pending ones when it is of
/// everything. Errors: kCannotWrite, and those of reading.
Result<BackupMade> make_backup(Project& project, const BackupRequest& request, Progress& progress,
                               const Stop& stop);

/// The name of what a backup is of, for people: "3 collections, 1,200 documents".
std::string summary_of(const backup::Manifest& manifest);

}  // namespace whimbrel
