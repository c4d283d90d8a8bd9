// What the flows put into the audit.
#pragma once

#include "engine/structural_step.h"
#include "flow/project.h"
#include "flow/task_plan.h"
#include "state/audit.h"
#include "state/runs.h"

namespace whimbrel {

/// Options of the engine as the audit keeps them: those that were given.
mongo::Document given_options(const EngineOverrides& overrides);
/// Adds `--interrupted-command` if it was given.
void add_answer(mongo::Document& given, InDoubt in_doubt);

AuditRecord about_run(AuditAction action, const Run& run, const mongo::Document& options = {});
/// `record` with the outcome of a failure.
AuditRecord failed_record(AuditRecord record, const Error& error);

/// Cut off, by whatever means; what it did can be gone on with.
bool ended_in_good_order(const Error& error);

/// Adds it without the secrets of this project.
Status write_audit(Project& project, AuditRecord record, mongo::Session* session = nullptr);
/// The record of an end: in a transaction it belongs to what ended, without one a failure to write
/// it must not undo what is done.
Status write_audit_of_end(Project& project, AuditRecord record, mongo::Session* session);

}  // namespace whimbrel
