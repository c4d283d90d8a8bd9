// What is measured of a migration that is tried, and what awaits it in the real collections.
#pragma once

#include <optional>
#include <vector>

#include "flow/estimate.h"
#include "flow/task_plan.h"
#include "state/runs.h"

namespace whimbrel {

/// Documents that the steps had to change, whether they could or not.
int64_t tried(const Counts& counts);

/// Of the batches alone, all lanes together; 0 where no step works on documents.
double docs_per_second(const Project& project, const Migration& migration,
                       const EngineOverrides& overrides, const std::vector<StepState>& steps);

/// One step of a migration in the real database; of a step that does not work on documents,
/// nothing.
struct Awaiting {
  int lanes = 1;
  int64_t documents = 0;
  double scan_seconds = 0;
};
/// Counts the documents of each step. Reads only.
Result<std::vector<Awaiting>> what_awaits(Project& project, const Migration& migration,
                                          const EngineOverrides& overrides);

MeasuredRound measured_round(const std::vector<Awaiting>& awaiting,
                             const std::vector<StepState>& steps);

/// Bytes that the server has written to its log since it started (`serverStatus`,
/// wiredTiger.log); nullopt when the user may not ask, or there is none.
std::optional<int64_t> server_log_bytes(Project& project);

}  // namespace whimbrel
