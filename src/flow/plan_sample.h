// The sample in a plan: one document before and after, computed without writing anything.
#pragma once

#include <string>
#include <vector>

#include "flow/task_plan.h"

namespace whimbrel {

struct PlanSample {
  std::vector<std::string> lines;     ///< `_id` first, then a typed diff; empty where none is known
  std::vector<std::string> warnings;  ///< documents that cannot be migrated, and why
};

/// Pipelines are computed by the server over a literal (MongoDB 5.1 and later); a script's
/// transform is asked about the first documents in a Node host of its own, with its setup and
/// teardown. Operators that only the server can apply are shown as they are: trying them would take
/// a write. Errors: what reading the collection fails of; trouble of a script is a warning.
Result<PlanSample> sample_change(Project& project, const DocumentTask& task);

}  // namespace whimbrel
