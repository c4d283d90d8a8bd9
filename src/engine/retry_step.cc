#include "engine/retry_step.h"

#include <algorithm>
#include <limits>
#include <map>

#include "engine/lanes.h"
#include "state/quarantine.h"

namespace whimbrel {
namespace {

/// What of a quarantined document is kept in memory while all of them are tried.
struct Tried {
  mongo::OwnedValue id;
  std::optional<int> range;
};

struct Quarantined {
  std::vector<Tried> documents;
  int64_t ambiguous = 0;
};

using RangesByNumber = std::map<int, Range>;

Result<Quarantined> read_quarantined(mongo::Client& client, const DocumentTask& task) {
  Quarantined found;
  TRY(Quarantine(client, task.database)
          .each(task.key, [&](const QuarantinedDocument& document) -> Status {
            if (document.ambiguous) ++found.ambiguous;
            else found.documents.push_back({document.id, document.retry});
            return {};
          }));
  return found;
}

Result<RangesByNumber> read_ranges(mongo::Client& client, const DocumentTask& task) {
  RangesByNumber ranges;
  for (Range& range : TRY(Ranges(client, task.database).read(task.key))) {
    int number = range.number;
    ranges.emplace(number, std::move(range));
  }
  return ranges;
}

int next_number(const Quarantined& quarantined, const RangesByNumber& ranges) {
  int next = ranges.empty() ? 0 : ranges.rbegin()->first + 1;
  for (const Tried& tried : quarantined.documents) {
    if (tried.range) next = std::max(next, *tried.range + 1);
  }
  return next;
}

Range range_of(const Tried& tried, int64_t epoch) {
  Range range;
  range.number = *tried.range;
  range.lo = tried.id;
  range.lo_included = true;
  range.hi = tried.id;
  range.keys = 1;
  range.epoch = epoch;
  range.retry = true;
  return range;
}

/// The ranges still to be worked on. A number is noted in quarantine before its range exists, so a
/// document is never tried in two ranges.
Result<std::vector<Range>> open_ranges(mongo::Client& client, const DocumentTask& task,
                                       const Run& run, Quarantined& quarantined,
                                       RangesByNumber& ranges) {
  int next = next_number(quarantined, ranges);
  std::vector<Range> open;
  for (Tried& tried : quarantined.documents) {
    if (!tried.range) {
      tried.range = next++;
      TRY(Quarantine(client, task.database).set_retry(task.key, tried.id.value(), tried.range));
    }
    auto [at, is_new] = ranges.try_emplace(*tried.range, range_of(tried, run.epoch));
    if (is_new) TRY(Ranges(client, task.database).add(task.key, at->second, nullptr));
    if (!at->second.done) open.push_back(at->second);
  }
  return open;
}

/// Sorts out what was tried. What failed again is in quarantine with its new reason, and can be
/// tried once more.
Status settle(mongo::Client& client, const DocumentTask& task, const RangesByNumber& ranges,
              Quarantined& quarantined, RetryOutcome& outcome) {
  Quarantine quarantine(client, task.database);
  std::vector<Tried> left;
  for (Tried& tried : quarantined.documents) {
    auto range = tried.range ? ranges.find(*tried.range) : ranges.end();
    bool done = range != ranges.end() && range->second.done;
    if (!done || range->second.counts.quarantined > 0) {
      if (done) TRY(quarantine.set_retry(task.key, tried.id.value(), std::nullopt));
      if (done) tried.range.reset();
      left.push_back(std::move(tried));
      continue;
    }
    const Counts& counts = range->second.counts;
    outcome.migrated += counts.modified;
    outcome.unchanged += counts.unchanged;
    if (counts.modified + counts.unchanged == 0) ++outcome.gone;
    outcome.settled.push_back(std::move(tried.id));
  }
  quarantined.documents = std::move(left);
  return {};
}

/// Each document counts once, with what became of it at last.
Counts counts_of(const RangesByNumber& ranges, int64_t quarantined) {
  Counts counts;
  for (const auto& [number, range] : ranges) {
    counts += range.counts;
    if (range.retry) counts.scanned -= range.counts.scanned;
  }
  counts.quarantined = quarantined;
  return counts;
}

}  // namespace

RetryOutcome& RetryOutcome::operator+=(const RetryOutcome& other) {
  migrated += other.migrated;
  unchanged += other.unchanged;
  gone += other.gone;
  left += other.left;
  ambiguous += other.ambiguous;
  return *this;
}

Result<RetryOutcome> retry_quarantined(mongo::Client& client, const DocumentTask& task, Run& run,
                                       Progress& progress, Stop& stop) {
  auto index = static_cast<size_t>(task.key.step);
  Quarantined quarantined = TRY(read_quarantined(client, task));
  RangesByNumber ranges = TRY(read_ranges(client, task));
  RetryOutcome outcome;
  // What an interrupted call has finished.
  TRY(settle(client, task, ranges, quarantined, outcome));
  progress.reset();
  progress.total = static_cast<int64_t>(quarantined.documents.size());
  ErrorBudget budget(Throttle::none(), std::numeric_limits<int64_t>::max(), 0);
  Status worked;
  while (worked) {
    auto open = TRY(open_ranges(client, task, run, quarantined, ranges));
    if (open.empty()) break;
    RangeQueue queue(task, StepState{}, run.epoch, std::move(open), stop);
    worked = run_lanes(client, {task, queue, budget, progress, stop, Throttle::none()});
    // A majority write: what is read behind it cannot be taken back any more.
    TRY(Runs(client, task.database).save_step(run, index));
    ranges = TRY(read_ranges(client, task));
  }
  TRY(settle(client, task, ranges, quarantined, outcome));
  outcome.ambiguous = quarantined.ambiguous;
  outcome.left = static_cast<int64_t>(quarantined.documents.size()) + quarantined.ambiguous;
  run.steps[index].counts = counts_of(ranges, outcome.left);
  TRY(Runs(client, task.database).save_step(run, index));
  if (!worked) return std::move(worked).error();
  return outcome;
}

}  // namespace whimbrel
