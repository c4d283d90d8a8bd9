#include "engine/document_step.h"

#include "engine/images.h"
#include "engine/range_queue.h"
#include "engine/residual_pass.h"

namespace whimbrel {
namespace {

Status start_step(mongo::Client& client, const DocumentTask& task, Run& run) {
  StepState& state = run.steps[static_cast<size_t>(task.key.step)];
  IdExtent extent = TRY(read_extent(client, task));
  state.progress = StepState::Progress::kRunning;
  state.strategy = task.strategy_text();
  state.first = extent.first;
  state.last = extent.last;
  state.total = task.facts.documents;
  return Runs(client, task.database).save_step(run, static_cast<size_t>(task.key.step));
}

void show(const Counts& before, int64_t total, Progress& progress) {
  progress.reset();
  progress.total = total;
  progress.scanned = before.scanned;
  progress.modified = before.modified;
  progress.unchanged = before.unchanged;
  progress.quarantined = before.quarantined;
}

}  // namespace

Status run_document_step(mongo::Client& client, const DocumentTask& task, Run& run,
                         Progress& progress, Stop& stop, Throttle& throttle) {
  const StepState& state = run.steps[static_cast<size_t>(task.key.step)];
  if (state.progress == StepState::Progress::kPending) TRY(start_step(client, task, run));
  TRY(drop_scratches(client, task));
  auto existing = TRY(Ranges(client, task.database).read(task.key));
  Counts before = sum_counts(existing);
  show(before, state.total, progress);
  ErrorBudget budget(throttle, task.max_errors, before.quarantined);
  StepWork work{client, task, run, progress, stop, throttle, budget};
  TRY(scan_to_end(work, std::move(existing)));
  TRY(pick_up_residual(work));
  // The last command of a killed process may have reached the server after the first sweep.
  return drop_scratches(client, task);
}

}  // namespace whimbrel
