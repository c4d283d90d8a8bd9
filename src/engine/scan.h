// Works through the ranges of a step, in lanes, until there is nothing left behind the last one.
#pragma once

#include "base/progress.h"
#include "base/stop.h"
#include "engine/error_budget.h"
#include "engine/throttle.h"
#include "engine/task.h"

namespace whimbrel {

/// What the passes over one step share. Outlives them.
struct StepWork {
  mongo::Client& client;
  const DocumentTask& task;
  Run& run;
  Progress& progress;
  Stop& stop;
  Throttle& throttle;
  ErrorBudget& budget;

  StepState& state() const { return run.steps[static_cast<size_t>(task.key.step)]; }
  Status save() const {
    return Runs(client, task.database).save_step(run, static_cast<size_t>(task.key.step));
  }
};

/// From where the `existing` ranges of the step stand, including those that somebody has added, to
/// its last `_id`. Saves the step's counts, also when it fails or is stopped.
Status scan_to_end(const StepWork& work, std::vector<Range> existing);

Counts sum_counts(const std::vector<Range>& ranges);

}  // namespace whimbrel
