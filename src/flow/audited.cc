#include "flow/audited.h"

#include "base/text.h"

namespace whimbrel {

using mongo::Document;

namespace {

std::string without_secrets(const Config& config, std::string text) {
  return redact_secrets(redact_secrets(std::move(text), config.uri), config.driver_uri);
}

Document without_secrets(const Config& config, const Document& options) {
  Document clean;
  for (const mongo::Value& option : options.view().elements()) {
    if (option.type() == mongo::Type::kString) {
      clean.append(option.key(), without_secrets(config, std::string(option.as_string())));
    } else {
      clean.append(option.key(), option);
    }
  }
  return clean;
}

}  // namespace

Document given_options(const EngineOverrides& overrides) {
  Document given;
  if (overrides.workers && *overrides.workers == 0) given.append("workers", "auto");
  else if (overrides.workers) given.append("workers", *overrides.workers);
  if (overrides.batch_docs) given.append("batchDocs", *overrides.batch_docs);
  if (overrides.max_errors) given.append("maxErrors", *overrides.max_errors);
  if (overrides.max_errors_share) given.append("maxErrorsShare", *overrides.max_errors_share);
  return given;
}

void add_answer(Document& given, InDoubt in_doubt) {
  if (in_doubt == InDoubt::kRedo) given.append("interruptedCommand", "redo");
  if (in_doubt == InDoubt::kSkip) given.append("interruptedCommand", "skip");
}

AuditRecord about_run(AuditAction action, const Run& run, const Document& options) {
  return {action, run.file, run.id, run.hash, options, {}, {}};
}

AuditRecord failed_record(AuditRecord record, const Error& error) {
  bool interrupted = ended_in_good_order(error) || error.kind == ErrorKind::kLockHeld;
  record.outcome = interrupted ? AuditOutcome::kInterrupted : AuditOutcome::kFailed;
  record.message = error.message;
  return record;
}

bool ended_in_good_order(const Error& error) {
  return error.kind == ErrorKind::kInterrupted || error.kind == ErrorKind::kTerminated ||
         error.kind == ErrorKind::kPaused || error.kind == ErrorKind::kUnreachable;
}

Status write_audit(Project& project, AuditRecord record, mongo::Session* session) {
  record.message = without_secrets(project.config, std::move(record.message));
  record.options = without_secrets(project.config, record.options);
  return Audit(project.client, project.database).add(record, session);
}

Status write_audit_of_end(Project& project, AuditRecord record, mongo::Session* session) {
  Status written = write_audit(project, std::move(record), session);
  return session ? std::move(written) : Status();
}

}  // namespace whimbrel
