#include "engine/document_step.h"

#include <algorithm>

#include "engine/images.h"
#include "engine/lanes.h"

namespace whimbrel {
namespace {

Counts sum(const std::vector<Range>& ranges) {
  Counts counts;
  for (const Range& range : ranges) counts += range.counts;
  return counts;
}

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

/// Every range is done, and behind them there is nothing: they reach the last `_id`, or the lanes
/// found nothing more. Not so when a change of primary took the end of a lane's work back after the
/// lane had ended.
bool is_complete(const std::vector<Range>& ranges, size_t ranges_before, const StepState& state) {
  bool all_done =
      std::all_of(ranges.begin(), ranges.end(), [](const Range& range) { return range.done; });
  bool reaches_end = !ranges.empty() && state.last && ranges.back().hi == *state.last;
  return all_done && (reaches_end || ranges.size() == ranges_before);
}

}  // namespace

Status run_document_step(mongo::Client& client, const DocumentTask& task, Run& run,
                         Progress& progress, Stop& stop) {
  auto index = static_cast<size_t>(task.key.step);
  if (run.steps[index].progress == StepState::Progress::kPending) {
    TRY(start_step(client, task, run));
  }
  if (task.strategy == Strategy::kLedger) TRY(drop_scratches(client, task));
  auto existing = TRY(Ranges(client, task.database).read(task.key));
  Counts before = sum(existing);
  progress.reset();
  progress.total = run.steps[index].total;
  progress.scanned = before.scanned;
  progress.modified = before.modified;
  progress.unchanged = before.unchanged;
  progress.quarantined = before.quarantined;
  ErrorBudget budget(task.max_errors, before.quarantined);
  while (true) {
    size_t ranges_before = existing.size();
    RangeQueue queue(task, run.steps[index], run.epoch, std::move(existing), stop);
    Status ended = run_lanes(client, {task, queue, budget, progress, stop});
    // A majority write: what is read behind it cannot be taken back any more.
    Status saved = Runs(client, task.database).save_step(run, index);
    auto now = Ranges(client, task.database).read(task.key);
    if (now) {
      existing = std::move(*now);
      run.steps[index].counts = sum(existing);
      run.steps[index].counts.conflicts = progress.conflicts;
      (void)Runs(client, task.database).save_step(run, index);
    }
    // The lanes' own failure goes before what reading failed of: it is the cause.
    if (!ended) return ended;
    if (!saved) return saved;
    if (!now) return std::move(now).error();
    if (is_complete(existing, ranges_before, run.steps[index])) return {};
  }
}

}  // namespace whimbrel
