// Files, changelog and runs put side by side: the state of every migration.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "flow/migration_file.h"
#include "flow/project.h"
#include "state/changelog.h"
#include "state/runs.h"

namespace whimbrel {

enum class MigrationState {
  kPending,
  kRunning,
  kApplied,
  kInterrupted,
  kFailed,
  kChanged,
  kMissing
};
std::string_view to_text(MigrationState state);

/// One row of `status`.
struct Entry {
  std::string name;
  MigrationState state = MigrationState::kPending;
  std::optional<MigrationFile> file;  ///< nullopt when missing
  std::optional<ChangelogEntry> applied;
  std::optional<Run> run;  ///< the run that applied it, or the open one

  bool wants_up() const;
  std::string kind() const;
};

/// Everything known, by file name; missing files last where their names sort. Counts of an open run
/// are read from its ranges.
struct History {
  std::vector<Entry> entries;
  std::optional<LockHolder> lock;

  const Entry* find(const std::string& name) const;
  /// The entry that a person means by `name`: the file name, without its extension, or the only one
  /// that starts with it or contains it. kNotFound with did-you-mean otherwise.
  Result<const Entry*> resolve(const std::string& name) const;
};
Result<History> read_history(Project& project);

}  // namespace whimbrel
