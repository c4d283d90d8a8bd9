// Chooses, for each document step, how it will be made safe on this server, and says so.
#pragma once

#include "engine/task.h"
#include "flow/project.h"
#include "mongo/document_list.h"

namespace whimbrel {

/// Options of the command line that go before those of a file.
struct EngineOverrides {
  std::optional<int> workers;  ///< 0: auto
  std::optional<int> batch_docs;
  std::optional<int64_t> max_errors;
  std::optional<double> max_errors_share;
};

/// The task for step number `step` (counted over steps and written down steps) of `migration`.
///
/// Errors: a view or time-series collection that cannot be updated; `journal: off` with a `where`
/// that a sample of finished documents still matches (checked unless `probe` is kNo: it may write
/// to a scratch collection).
enum class Probe { kYes, kNo };
Result<DocumentTask> plan_task(Project& project, const Migration& migration, const Step& step,
                               const StepKey& key, const EngineOverrides& overrides, Probe probe);

/// Lanes that the step will have: by the command line, else by itself, else by the configuration.
int workers_of(const Config& config, const Step& step, const EngineOverrides& overrides);

/// Lanes for `workers: auto`: one for each processor, within reason.
int auto_workers();

/// Documents that match the task's `where`, exactly; nullopt when counting takes longer than 3 s.
std::optional<int64_t> count_matched(Project& project, const DocumentTask& task);

/// Quarantined documents that `step` bears: by the command line, else by itself, else by the
/// configuration. Shares are of `documents`.
int64_t error_budget(const Config& config, const Step& step, const EngineOverrides& overrides,
                     int64_t documents);

/// The same once the step's run is known: shares are of the documents that match `where` now and
/// those that the run has been through; of the whole collection where counting takes longer than 3
/// s.
Result<int64_t> error_budget_of_run(Project& project, const Step& step,
                                    const EngineOverrides& overrides, const DocumentTask& task);

/// The first `limit` documents that the task would visit, in no order; reads only.
Result<mongo::DocumentList> matching_documents(Project& project, const DocumentTask& task,
                                               int limit);

/// A step that was started goes on as it began: a batch that a ledger left open can only be settled
/// by one, and what was begun without a journal has none. Transactions leave nothing open.
void keep_strategy(DocumentTask& task, const StepState& state);

/// One line: which guarantee holds and why.
std::string guarantee(const DocumentTask& task, const mongo::Server& server);

}  // namespace whimbrel
