#include "engine/scan.h"

#include <algorithm>

#include "engine/lanes.h"

namespace whimbrel {
namespace {

/// Every range is done, and behind them there is nothing: they reach the last `_id`, or the lanes
/// found nothing more. Not so when a change of primary took the end of a lane's work back after the
/// lane had ended.
bool is_complete(const std::vector<Range>& ranges, size_t ranges_before, const StepState& state) {
  const Range* last_slice = nullptr;
  for (const Range& range : ranges) {
    if (!range.done) return false;
    if (!range.is_beside_slices()) last_slice = &range;
  }
  bool reaches_end = last_slice && state.last && last_slice->hi == *state.last;
  return reaches_end || ranges.size() == ranges_before;
}

}  // namespace

Counts sum_counts(const std::vector<Range>& ranges) {
  Counts counts;
  for (const Range& range : ranges) counts += range.counts;
  return counts;
}

Status scan_to_end(const StepWork& work, std::vector<Range> existing) {
  const DocumentTask& task = work.task;
  Ranges ranges(work.client, task.database);
  StepState& state = work.state();
  while (true) {
    size_t ranges_before = existing.size();
    RangeQueue queue(task, state, work.run.epoch, std::move(existing), work.stop);
    Status ended =
        run_lanes(work.client, {task, queue, work.budget, work.progress, work.stop, work.throttle});
    // A majority write: what is read behind it cannot be taken back any more.
    Status saved = work.save();
    auto now = ranges.read(task.key);
    if (now) {
      existing = std::move(*now);
      state.counts = sum_counts(existing);
      state.counts.conflicts = work.progress.conflicts;
      (void)work.save();
    }
    // The lanes' own failure goes before what reading failed of: it is the cause.
    if (!ended) return ended;
    if (!saved) return saved;
    if (!now) return std::move(now).error();
    if (is_complete(existing, ranges_before, state)) return {};
  }
}

}  // namespace whimbrel
