#include "state/evidence.h"

#include <fmt/format.h>

#include <algorithm>

#include "state/version.h"
#include "state/who.h"

namespace whimbrel {

using mongo::Document;
using mongo::make_document;
using mongo::View;

namespace {

void append_unless_empty(Document& document, std::string_view key, const std::string& text) {
  if (!text.empty()) document.append(key, text);
}

Result<EvidenceRecord> read_record(View document) {
  TRY(check_version(document, kEvidenceCollection));
  EvidenceRecord record;
  record.id = TRY(needed(document, "_id", kEvidenceCollection)).as_object_id();
  record.at = document.get_int("at");
  record.who = read_who(document);
  record.kind = document.get_string("kind");
  record.item = document.get_string("item");
  record.migration = document.get_string("migration");
  record.hash = document.get_string("sha256");
  record.environment = document.get_string("environment");
  record.database = document.get_string("database");
  record.server = document.get_string("server");
  record.program = document.get_string("whimbrel");
  record.passed = document.get_bool("passed");
  record.exit = static_cast<int>(document.get_int("exit"));
  record.figures = Document(document.get_document("figures"));
  record.note = document.get_string("note");
  record.imported = document.find("imported").has_value();
  return record;
}

}  // namespace

const EvidenceRecord* newest(const std::vector<EvidenceRecord>& records, std::string_view kind,
                             std::string_view item) {
  auto found = std::find_if(records.rbegin(), records.rend(), [&](const EvidenceRecord& record) {
    return record.kind == kind && record.item == item;
  });
  return found == records.rend() ? nullptr : &*found;
}

Status Evidence::add(const EvidenceRecord& record) const {
  Document fields =
      make_document("v", kStateVersion, "who", who_document(this_process()), "kind", record.kind);
  append_unless_empty(fields, "item", record.item);
  fields.append("migration", record.migration).append("sha256", record.hash);
  append_unless_empty(fields, "environment", record.environment);
  fields.append("database", record.database).append("server", record.server);
  append_unless_empty(fields, "whimbrel", record.program);
  fields.append("passed", record.passed).append("exit", record.exit);
  if (!record.figures.view().empty()) fields.append("figures", record.figures);
  append_unless_empty(fields, "note", record.note);
  return add_dated(records_, mongo::new_object_id(), fields);
}

Result<std::vector<Document>> Evidence::documents(const std::string& hash) const {
  Document filter = hash.empty() ? Document() : make_document("sha256", hash);
  return records_.find_all(filter, make_document("at", 1, "_id", 1));
}

Result<std::vector<EvidenceRecord>> Evidence::read(const std::string& hash) const {
  std::vector<EvidenceRecord> records;
  for (const Document& document : TRY(documents(hash))) {
    records.push_back(TRY(read_record(document)));
  }
  return records;
}

Status Evidence::check(View document) {
  auto id = document.find("_id");
  auto at = document.find("at");
  bool whole = id && id->type() == mongo::Type::kObjectId && at &&
               at->type() == mongo::Type::kDate && !document.get_string("kind").empty() &&
               !document.get_string("sha256").empty() && document.find("passed");
  if (whole) return check_version(document, kEvidenceCollection);
  return Error{ErrorKind::kBadMigration,
               fmt::format("a record is no evidence: {}", document.to_relaxed_json()),
               "export it again: whimbrel evidence export --out FILE"};
}

Result<bool> Evidence::import(View document) const {
  Document fields;
  for (const mongo::Value& value : document.elements()) {
    if (value.key() != "_id" && value.key() != "imported") fields.append(value.key(), value);
  }
  fields.append("imported.who", who_document(this_process()));
  Document id;
  id.append("_id", *document.find("_id"));
  Document update =
      make_document("$setOnInsert", fields, "$currentDate", make_document("imported.at", true));
  auto known = TRY(records_.find_one(id));
  if (known) return false;
  auto written = TRY(records_.update_one(id, update, mongo::Upsert::kYes));
  return written.upserted > 0;
}

}  // namespace whimbrel
