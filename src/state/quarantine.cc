#include "state/quarantine.h"

namespace whimbrel {

using mongo::Document;
using mongo::make_document;

namespace {

Document document_id(const StepKey& key, const mongo::Value& id) {
  Document whole = step_id(key);
  whole.append("document", id);
  return make_document("_id", whole);
}

}  // namespace

Result<QuarantinedDocument> read_quarantined(mongo::View found) {
  TRY(check_version(found, kErrorsCollection));
  QuarantinedDocument document;
  document.id = mongo::OwnedValue(TRY(needed(found, "_id.document", kErrorsCollection)));
  document.code = static_cast<int>(found.get_int("code"));
  document.message = found.get_string("message");
  document.ambiguous = found.get_bool("ambiguous");
  document.at = found.get_int("at");
  if (auto range = found.find("retry")) document.retry = static_cast<int>(range->as_int());
  if (auto before = found.find("before")) document.before = mongo::Document(before->as_document());
  return document;
}

Status Quarantine::add(const StepKey& key, const std::string& migration,
                       const QuarantinedDocument& document, mongo::Session* session) const {
  Document fields = make_document("v", kStateVersion, "migration", migration, "code", document.code,
                                  "message", document.message);
  if (document.ambiguous) fields.append("ambiguous", true);
  // A pre-image near the server's limit would not fit beside the other fields. The document itself
  // was not changed.
  constexpr size_t kMostBytes = 15 << 20;
  size_t bytes = document.before.bytes().size();
  if (bytes < kMostBytes) fields.append("before", document.before);
  else fields.append("beforeBytes", static_cast<int64_t>(bytes));
  Document update = make_document("$set", fields, "$currentDate", make_document("at", true));
  TRY(errors_.update_one(document_id(key, document.id.value()), update, mongo::Upsert::kYes,
                         session));
  return {};
}

Result<std::vector<QuarantinedDocument>> Quarantine::read(const std::string& run, int limit) const {
  Document command = make_document("find", errors_.name(), "filter", run_filter(run), "sort",
                                   make_document("at", 1), "limit", limit);
  command.append("projection", make_document("before", 0));
  std::vector<QuarantinedDocument> documents;
  for (const Document& found :
       TRY(mongo::read_all(errors_.client(), errors_.database(), command))) {
    documents.push_back(TRY(read_quarantined(found)));
  }
  return documents;
}

Status Quarantine::remove(const std::string& run) const {
  TRY(errors_.remove_many(run_filter(run)));
  return {};
}

Result<std::vector<QuarantinedStep>> Quarantine::steps() const {
  Document group = make_document("_id", make_document("run", "$_id.run", "step", "$_id.step"));
  group.append("migration", make_document("$first", "$migration"));
  group.append("documents", make_document("$sum", int64_t{1}));
  group.append("v", make_document("$max", "$v"));
  mongo::Array pipeline;
  pipeline.add(make_document("$group", group)).add(make_document("$sort", make_document("_id", 1)));
  Document command = make_document("aggregate", errors_.name());
  command.append_array("pipeline", pipeline.view()).append("cursor", Document());
  auto cursor = TRY(mongo::Cursor::open(errors_.client(), errors_.database(), command));
  std::vector<QuarantinedStep> steps;
  while (auto found = TRY(cursor.next())) {
    TRY(check_version(*found, kErrorsCollection));
    QuarantinedStep step;
    step.key.run = TRY(needed(*found, "_id.run", kErrorsCollection)).as_object_id();
    step.key.step = static_cast<int>(TRY(needed(*found, "_id.step", kErrorsCollection)).as_int());
    step.migration = found->get_string("migration");
    step.documents = found->get_int("documents");
    steps.push_back(std::move(step));
  }
  return steps;
}

Status Quarantine::each(const StepKey& key, const Visit& visit) const {
  auto cursor = TRY(errors_.find(step_filter(key), make_document("_id", 1)));
  while (auto found = TRY(cursor.next())) {
    QuarantinedDocument document = TRY(read_quarantined(*found));
    TRY(visit(document));
  }
  return {};
}

Result<std::unordered_set<std::string>> Quarantine::among(
    const StepKey& key, const std::vector<mongo::OwnedValue>& ids) const {
  std::unordered_set<std::string> found;
  for (size_t at = 0; at < ids.size();) {
    mongo::Array some;
    for (; at < ids.size() && some.bytes() < mongo::kCommandBytes; ++at) {
      Document whole = step_id(key);
      some.add(whole.append("document", ids[at].value()));
    }
    Document command =
        make_document("find", errors_.name(), "filter", mongo::only_ids(some.view()));
    command.append("projection", make_document("_id", 1));
    for (const Document& document :
         TRY(mongo::read_all(errors_.client(), errors_.database(), command))) {
      found.insert(TRY(needed(document, "_id.document", kErrorsCollection)).map_key());
    }
  }
  return found;
}

Status Quarantine::set_retry(const StepKey& key, const mongo::Value& id,
                             std::optional<int> range) const {
  Document field;
  if (range) field.append("retry", *range);
  else field.append("retry", "");
  TRY(errors_.update_one(document_id(key, id), make_document(range ? "$set" : "$unset", field)));
  return {};
}

Status Quarantine::remove_one(const StepKey& key, const mongo::Value& id) const {
  TRY(errors_.remove_many(document_id(key, id)));
  return {};
}

}  // namespace whimbrel
