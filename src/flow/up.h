// `up`: applies what is pending, resumes what is open.
#pragma once

#include <chrono>

#include "flow/apply.h"
#include "flow/run_settings.h"

namespace whimbrel {

/// Which migrations are meant.
struct Selection {
  std::string to;    ///< the last one to apply; "" for all
  std::string only;  ///< glob over file names; "" for all
};

/// Whether `up` makes a backup before it begins.
enum class BackupFirst { kAsConfigured, kYes };

struct UpOptions {
  Selection selection;
  EngineOverrides overrides;
  std::chrono::milliseconds lock_wait{0};
  InDoubt in_doubt = InDoubt::kAsk;
  RunLimits limits = {};
  enum class Order { kOneByOne, kSideBySide } order = Order::kOneByOne;
  std::optional<mongo::Document> bond = {};  ///< of a plan (plan_bond.h) that must still hold
  BackupFirst backup = BackupFirst::kAsConfigured;
};

/// As the audit and a saved plan keep them: those that were given.
mongo::Document given_options(const Selection& selection, const EngineOverrides& overrides);

/// A pending migration, loaded and checked.
struct Todo {
  Migration migration;
  std::optional<Run> open;
};

/// The pending migrations in order, all of them loaded before anything is touched. Errors: bad
/// files (every problem of every file), names that do not exist, a file that changed under its open
/// run, kinds that this version does not run.
Result<std::vector<Todo>> choose_pending(Project& project, const History& history,
                                         const Selection& selection);

/// Whether `up` runs it in that environment.
bool meant_for(const Migration& migration, const std::string& environment);

/// The open run that `migration` goes on with. kBadMigration when the file was changed under it,
/// unless it is a script, which starts over anyway.
Result<std::optional<Run>> resumable_run(const Entry& entry, const Migration& migration);

/// Applies them under the lock. The Summary is filled in also when it fails: what was done is done.
Status up(Project& project, const UpOptions& options, Reporter& reporter, Stop& stop,
          Summary& summary);

}  // namespace whimbrel
