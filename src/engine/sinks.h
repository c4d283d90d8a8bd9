// The three ways to write a batch so that a crash at any moment neither loses nor doubles it.
#pragma once

#include <memory>

#include "engine/batch.h"
#include "engine/error_budget.h"

namespace whimbrel {

/// The transform that leaves the work to the write (transactions and plain updates).
std::unique_ptr<Transform> server_transform();
/// The transform that computes post-images on the side (ledgers and copies).
std::unique_ptr<Transform> image_transform(mongo::Client& client, const DocumentTask& task);

/// Inside the lane's transaction: one write by range, journal, checkpoint. Whatever fails, nothing
/// of the batch has happened.
std::unique_ptr<Sink> transaction_sink(mongo::Client& client, const DocumentTask& task,
                                       BudgetShare& budget);

/// Journal first, then guarded writes, then the checkpoint. A batch that was interrupted in between
/// is settled by comparing each document with its images; what is neither goes to quarantine.
/// `transform` must give images; it is asked again for documents that changed meanwhile. With
/// Strategy::kPlain there is no journal: `where` must keep finished documents out.
std::unique_ptr<Sink> ledger_sink(mongo::Client& client, const DocumentTask& task,
                                  Transform& transform, BudgetShare& budget);

/// "document _id {…}: reason", with the commands that help.
Error document_error(const std::string& migration, const mongo::Value& id, const Error& reason);

/// One write by range, then the checkpoint. Repeating it changes nothing, because finished
/// documents no longer match `where`.
std::unique_ptr<Sink> plain_sink(mongo::Client& client, const DocumentTask& task);

/// The one command that a transaction or a plain batch sends for its range.
Result<mongo::WriteOutcome> write_range(mongo::Client& client, const DocumentTask& task,
                                        const Batch& batch, mongo::Session* session);

}  // namespace whimbrel
