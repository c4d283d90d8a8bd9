#include "state/changelog.h"

#include <algorithm>

namespace whimbrel {

using mongo::make_document;
using mongo::View;

namespace {

ChangelogEntry read_entry(View document) {
  ChangelogEntry entry;
  View ours = document.get_document("whimbrel");
  entry.file = document.get_string("fileName");
  entry.hash = ours.get_string("sha256");
  if (entry.hash.empty()) entry.hash = document.get_string("fileHash");
  entry.applied_at = document.get_int("appliedAt");
  if (auto block = document.find("migrationBlock")) entry.block = block->as_double();
  entry.run = ours.get_string("run");
  entry.documents = document.get_int("documentsProcessed");
  entry.errors = document.get_int("errors");
  if (auto seconds = document.find("durationSeconds")) entry.seconds = seconds->as_double();
  return entry;
}

}  // namespace

Result<std::vector<ChangelogEntry>> Changelog::read() const {
  std::vector<ChangelogEntry> entries;
  for (const mongo::Document& document : TRY(entries_.find_all(View()))) {
    TRY(check_version(document.view().get_document("whimbrel"), entries_.name()));
    entries.push_back(read_entry(document));
  }
  std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
    return a.applied_at != b.applied_at ? a.applied_at < b.applied_at : a.file < b.file;
  });
  return entries;
}

Status Changelog::add(const ChangelogEntry& entry, bool with_file_hash,
                      mongo::Session* session) const {
  mongo::Document id;
  id.append_object_id("_id", entry.run);
  mongo::Document fields = id;
  fields.append("fileName", make_document("$literal", entry.file));
  if (with_file_hash) fields.append("fileHash", entry.hash);
  fields.append("appliedAt", "$$NOW").append("migrationBlock", entry.block);
  fields.append("documentsProcessed", entry.documents).append("errors", entry.errors);
  fields.append("durationSeconds", entry.seconds);
  fields.append("whimbrel",
                make_document("v", kStateVersion, "run", entry.run, "sha256", entry.hash));
  mongo::Document statement = make_document("q", id);
  statement.append_array("u", mongo::Array().add(make_document("$replaceWith", fields)).view());
  statement.append("upsert", true);
  auto outcome = TRY(entries_.write("update", "updates", mongo::Array().add(statement), View(),
                                    mongo::Durability::kMajority, session));
  return outcome.all_accepted();
}

Status Changelog::set_errors(const std::string& run, int64_t errors) const {
  TRY(entries_.update_one(mongo::only_id(run),
                          make_document("$set", make_document("errors", errors))));
  return {};
}

Status Changelog::set_hash(const std::string& file, const std::string& hash,
                           mongo::Session* session) const {
  for (std::string_view field : {"fileHash", "whimbrel.sha256"}) {
    mongo::Document filter = make_document("fileName", file);
    filter.append(field, make_document("$exists", true));
    TRY(entries_.update_many(filter, make_document("$set", make_document(field, hash)), session));
  }
  return {};
}

Status Changelog::remove(const std::string& file, mongo::Session* session) const {
  TRY(entries_.remove_many(make_document("fileName", file), session));
  return {};
}

}  // namespace whimbrel
