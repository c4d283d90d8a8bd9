#include "state/audit.h"

#include <array>

#include "state/who.h"

namespace whimbrel {

using mongo::Document;
using mongo::make_document;
using mongo::View;

namespace {

constexpr std::array<std::string_view, 19> kActions = {
    "run.started",       "run.resumed",   "run.ended",       "down.started", "down.resumed",
    "down.ended",        "retry.started", "retry.ended",     "resolve",      "unlock",
    "evidence.imported", "ticked",        "run.pause",       "run.resume",   "run.cancel",
    "run.set",           "backup",        "restore.started", "restore.ended"};
constexpr std::array<std::string_view, 3> kOutcomes = {"done", "interrupted", "failed"};

Document migration_filter(const std::string& migration) {
  return migration.empty() ? Document() : make_document("migration", migration);
}

Result<AuditEntry> read_entry(View document) {
  TRY(check_version(document, kAuditCollection));
  AuditEntry entry;
  entry.at = document.get_int("at");
  entry.who = read_who(document);
  entry.action = document.get_string("action");
  entry.migration = document.get_string("migration");
  if (auto run = document.find("run")) entry.run = run->as_object_id();
  entry.hash = document.get_string("sha256");
  entry.options = Document(document.get_document("options"));
  entry.outcome = document.get_string("outcome");
  entry.message = document.get_string("message");
  return entry;
}

}  // namespace

std::string_view to_text(AuditAction action) {
  return kActions[static_cast<size_t>(action)];
}

std::string_view to_text(AuditOutcome outcome) {
  return kOutcomes[static_cast<size_t>(outcome)];
}

Status Audit::add(const AuditRecord& record, mongo::Session* session) const {
  Document fields = make_document("v", kStateVersion, "who", who_document(this_process()));
  fields.append("action", to_text(record.action));
  if (!record.migration.empty()) fields.append("migration", record.migration);
  if (!record.run.empty()) fields.append_object_id("run", record.run);
  if (!record.hash.empty()) fields.append("sha256", record.hash);
  if (!record.options.view().empty()) fields.append("options", record.options);
  if (record.outcome) fields.append("outcome", to_text(*record.outcome));
  if (!record.message.empty()) fields.append("message", record.message);
  return add_dated(entries_, mongo::new_object_id(), fields, session);
}

Status Audit::each(const std::string& migration, const Visit& visit) const {
  Document command = make_document("find", entries_.name(), "filter", migration_filter(migration),
                                   "sort", make_document("at", 1, "_id", 1));
  command.append("allowDiskUse", true);
  auto cursor = TRY(mongo::Cursor::open(entries_.client(), entries_.database(), command));
  while (auto document = TRY(cursor.next())) {
    AuditEntry entry = TRY(read_entry(*document));
    TRY(visit(entry));
  }
  return {};
}

Result<bool> Audit::knows(const std::string& migration) const {
  return TRY(entries_.find_one(migration_filter(migration))).has_value();
}

}  // namespace whimbrel
