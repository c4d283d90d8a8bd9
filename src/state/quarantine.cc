#include "state/quarantine.h"

namespace whimbrel {

using mongo::Document;
using mongo::make_document;

Status Quarantine::add(const StepKey& key, const std::string& migration,
                       const QuarantinedDocument& document, mongo::Session* session) const {
  Document id = step_id(key);
  id.append("document", document.id.value());
  Document fields = make_document("v", kStateVersion, "migration", migration, "code", document.code,
                                  "message", document.message);
  // A pre-image near the server's limit would not fit beside the other fields.
  constexpr size_t kMostBytes = 15 << 20;
  if (document.before.bytes().size() < kMostBytes) fields.append("before", document.before);
  Document update = make_document("$set", fields, "$currentDate", make_document("at", true));
  TRY(errors_.update_one(make_document("_id", id), update, mongo::Upsert::kYes, session));
  return {};
}

Result<std::vector<QuarantinedDocument>> Quarantine::read(const std::string& run, int limit) const {
  Document command = make_document("find", errors_.name(), "filter", run_filter(run), "sort",
                                   make_document("at", 1), "limit", limit);
  command.append("projection", make_document("before", 0));
  auto cursor = TRY(mongo::Cursor::open(errors_.client(), errors_.database(), command));
  std::vector<QuarantinedDocument> documents;
  while (auto found = TRY(cursor.next())) {
    QuarantinedDocument document;
    document.id = mongo::OwnedValue(*found->at_path("_id.document"));
    document.code = static_cast<int>(found->get_int("code"));
    document.message = found->get_string("message");
    documents.push_back(std::move(document));
  }
  return documents;
}

Status Quarantine::remove(const std::string& run) const {
  TRY(errors_.remove_many(run_filter(run)));
  return {};
}

}  // namespace whimbrel
