// Applies one migration: its steps in order, its checks, its changelog entry.
#pragma once

#include <functional>

#include "base/stop.h"
#include "engine/structural_step.h"
#include "engine/throttle.h"
#include "flow/audited.h"
#include "flow/history.h"
#include "flow/task_plan.h"
#include "observe/reporter.h"

namespace whimbrel {

/// What every migration of one `up` shares. Outlives the calls.
struct UpSetting {
  Project& project;
  const Lock& lock;
  Reporter& reporter;
  Stop& stop;
  double block = 0;  ///< migrationBlock: milliseconds of this `up`, server time
  EngineOverrides overrides;
  InDoubt in_doubt = InDoubt::kAsk;
  mongo::Document given = {};  ///< options of the command line, for the audit
  Throttle& throttle = Throttle::none();
};

/// Runs what is left of `migration`; `open` is its interrupted run, if there is one. On success the
/// run is done and the changelog says so, in one transaction where the server has them. On failure
/// the run is marked failed or interrupted and can be resumed or undone.
Result<Run> apply_migration(const UpSetting& setting, const Migration& migration,
                            const std::optional<Run>& open);

/// Steps of which nothing is done yet.
std::vector<StepState> fresh_steps(const std::vector<Step>& of);
/// Those of the file, and behind them those of its written `down:`.
std::vector<StepState> all_fresh_steps(const Migration& migration);

/// kLockHeld unless the lock, and so `run`, is still ours. Inside a transaction, however long that
/// has been open, the commit fails, too, if somebody takes the lock over meanwhile.
Status assert_ours(const UpSetting& setting, const Run& run, mongo::Session* session);

/// Runs `write` in one transaction where the server has them, repeated while that may help; with no
/// session elsewhere.
Status write_together(const UpSetting& setting,
                      const std::function<Status(mongo::Session*)>& write);

/// Collections of whimbrel's own, made before the first transaction writes to them.
Status ensure_state_collections(Project& project);

}  // namespace whimbrel
