// `transaction: true`: all steps of a migration in one transaction.
#pragma once

#include <functional>
#include <vector>

#include "engine/task.h"
#include "state/runs.h"

namespace whimbrel {

/// kBadMigration when `migration` says `transaction: true` and `client` is a standalone server.
Status check_transactions(const mongo::Client& client, const Migration& migration);

/// Runs `tasks` (update, delete, copy and insert steps), their checks and `record` inside one
/// transaction and commits it. The server ends transactions after 60 s
/// (transactionLifetimeLimitSeconds); such a migration belongs in batches, and the error says so.
/// Repeated up to three times on conflicts.
Status run_in_one_transaction(mongo::Client& client, const std::vector<DocumentTask>& tasks,
                              Run& run, const std::function<Status(mongo::Session&)>& record);

}  // namespace whimbrel
