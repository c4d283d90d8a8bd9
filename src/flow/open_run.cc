#include "flow/open_run.h"

#include <algorithm>

#include "state/ranges.h"

namespace whimbrel {

bool is_at_work(const Run& run, const std::optional<LockHolder>& lock) {
  return lock && !lock->is_foreign && !lock->expired && !is_known_dead(lock->process) &&
         lock->process.pid == run.process.pid && lock->process.host == run.process.host;
}

Status count_open_steps(mongo::Client& client, const std::string& database, Run& run) {
  if (!run.is_open()) return {};
  Ranges ranges(client, database);
  for (size_t i = 0; i < run.steps.size(); ++i) {
    if (run.steps[i].progress != StepState::Progress::kRunning) continue;
    Counts counts;
    for (const Range& range : TRY(ranges.read({run.id, static_cast<int>(i)})))
      counts += range.counts;
    counts.conflicts = std::max(counts.conflicts, run.steps[i].counts.conflicts);
    run.steps[i].counts = counts;
  }
  return {};
}

}  // namespace whimbrel
