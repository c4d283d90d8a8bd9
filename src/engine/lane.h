// The main line: ranges, batches, source, transform, sink.
#pragma once

#include <memory>

#include "base/progress.h"
#include "base/stop.h"
#include "engine/application_watch.h"
#include "engine/batch.h"
#include "engine/error_budget.h"
#include "engine/range_queue.h"
#include "engine/throttle.h"

namespace whimbrel {

/// What all lanes of a step share. Outlives them.
struct LaneShared {
  const DocumentTask& task;
  RangeQueue& ranges;
  ErrorBudget& budget;
  Progress& progress;
  Stop& stop;
  Throttle& throttle;
};

/// One worker with its own connection; sequential. Use from one thread.
class Lane {
 public:
  Lane(std::unique_ptr<mongo::Client> client, const LaneShared& shared, ApplicationWatch& watch);

  /// Works until no range is left. An Error leaves every finished batch saved and the open one
  /// undone or settled on the next run; stopping does so at the end of the running batch.
  Status run();

 private:
  Status work();
  Status work_through(Range range);
  Result<Range> next_batch(const Range& range);
  Result<Checkpoint> migrate_batch(const Range& range);

  // Wrappers of the line: as often as it takes, as one transaction, around a bad document.
  Result<Range> migrate_safely(const Range& range);
  Result<Checkpoint> attempt(const Range& range);
  Result<std::optional<Range>> moved_meanwhile(const Range& range);
  Result<Range> set_aside(const Range& range, const Error& reason);
  Status record_aside(const Range& range, const Checkpoint& checkpoint, const Error& reason);
  bool isolates(const Error& error);
  Status begin(const Range& range);
  Status commit();
  mongo::Session* session() { return session_ ? &*session_ : nullptr; }
  void set_pace();
  void report(const Counts& before, const Counts& after, Pace::Duration took);

  std::unique_ptr<mongo::Client>
      client_;  ///< at a fixed address: source, sink and session refer to it
  LaneShared shared_;
  ApplicationWatch& watch_;
  BatchSize size_;
  BudgetShare budget_;
  std::unique_ptr<Source> source_;
  std::unique_ptr<Transform> transform_;
  std::unique_ptr<Sink> sink_;
  std::optional<mongo::Session> session_;  ///< only with Strategy::kTransaction
  Batch batch_;                            ///< what the running attempt is about
};

}  // namespace whimbrel
