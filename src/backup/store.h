// The folder of backups: what is in it, what is unfinished, what goes by age.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "backup/manifest.h"

namespace whimbrel::backup {

inline constexpr std::string_view kPartialSuffix = ".partial";

/// A folder or a file that a backup is written to; it gets its name when it is complete. Until then
/// it is called NAME.partial and locked (flock), so that what a dead process left is told from what
/// another one writes.
class Partial {
 public:
  /// A new folder for `path`. Left-overs of a dead process are removed. kCannotWrite; kLockHeld
  /// when another process writes there.
  static Result<Partial> folder(const std::string& path);
  /// The same for a file: only its name; whoever makes it locks it.
  static Result<Partial> file(const std::string& path);
  Partial(Partial&& other) noexcept;
  Partial& operator=(Partial&&) = delete;
  ~Partial();  ///< Removes what was not completed.

  const std::string& path() const { return partial_; }
  /// Gives it its name, for good.
  Status complete();

 private:
  Partial(std::string path, int lock);
  std::string path_, partial_;
  int lock_ = -1;
};

/// One entry of the folder of backups.
struct StoredBackup {
  std::string path;  ///< the folder, or the archive
  bool complete = false;
  bool in_use = false;  ///< of what is not complete: another process writes it
  std::optional<Manifest> manifest;
  std::string problem;  ///< why the manifest of a complete one cannot be read
};

/// Oldest first. Only what has a manifest, or the name of an unfinished one. Nothing where there is
/// no such folder.
Result<std::vector<StoredBackup>> list_backups(const std::string& folder);

/// Removes complete backups of `database` that are older than `keep`, but never the newest of it;
/// and everything unfinished that nobody writes. Returns the paths, in dry runs too.
Result<std::vector<std::string>> prune_backups(const std::string& folder,
                                               const std::string& database, int64_t now,
                                               std::chrono::milliseconds keep, bool dry_run);

/// Writes text to a new file, on the disk when it returns.
Status write_new_file(const std::string& path, const std::string& text);

/// Where the manifest of the backup at `path` is, whether it exists or not.
std::string manifest_path(const std::string& path);

}  // namespace whimbrel::backup
