#include "state/audit.h"

#include <array>

namespace whimbrel {

using mongo::Document;
using mongo::make_document;
using mongo::View;

namespace {

constexpr std::array<std::string_view, 10> kActions = {
    "run.started", "run.resumed",   "run.ended",   "down.started", "down.resumed",
    "down.ended",  "retry.started", "retry.ended", "resolve",      "unlock"};
constexpr std::array<std::string_view, 3> kOutcomes = {"done", "interrupted", "failed"};

Document migration_filter(const std::string& migration) {
  return migration.empty() ? Document() : make_document("migration", migration);
}

Result<AuditEntry> read_entry(View document) {
  TRY(check_version(document, kAuditCollection));
  AuditEntry entry;
  View who = document.get_document("who");
  entry.at = document.get_int("at");
  entry.who.user = who.get_string("user");
  entry.who.host = who.get_string("host");
  entry.who.pid = who.get_int("pid");
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
  ProcessIdentity process = this_process();
  Document who = make_document("user", process.user, "host", process.host, "pid", process.pid);
  Document fields = make_document("v", kStateVersion, "who", who);
  fields.append("action", to_text(record.action));
  if (!record.migration.empty()) fields.append("migration", record.migration);
  if (!record.run.empty()) fields.append_object_id("run", record.run);
  if (!record.hash.empty()) fields.append("sha256", record.hash);
  if (!record.options.view().empty()) fields.append("options", record.options);
  if (record.outcome) fields.append("outcome", to_text(*record.outcome));
  if (!record.message.empty()) fields.append("message", record.message);
  Document id;
  id.append_object_id("_id", mongo::new_object_id());
  // An insert would carry this host's time; an update that inserts takes the server's.
  Document update =
      make_document("$setOnInsert", fields, "$currentDate", make_document("at", true));
  TRY(entries_.update_one(id, update, mongo::Upsert::kYes, session));
  return {};
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
