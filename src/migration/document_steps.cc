#include <fmt/format.h>

#include <set>

#include "migration/core_schema.h"
#include "migration/steps.h"
#include "migration/update_spec.h"
#include "migration/values.h"

namespace whimbrel::migration {
namespace {

/// The same for ids that the server takes for equal; exact for integers and their doubles.
std::string identity(const mongo::Value& id) {
  bool whole = id.is_number() && static_cast<double>(id.as_int()) == id.as_double();
  if (whole) return fmt::format("number {}", id.as_int());
  std::string key(1, static_cast<char>(id.type()));
  key.append(reinterpret_cast<const char*>(id.bytes().data()), id.bytes().size());
  return key;
}

/// Refuses an `_id` that the server would.
void check_id(const mongo::Value& id, const YamlNode& at, ProblemList& problems) {
  using mongo::Type;
  bool refused =
      id.type() == Type::kArray || id.type() == Type::kRegex || id.type() == Type::kUndefined;
  if (refused)
    refuse_value(at, "_id", "neither a list, a regular expression nor undefined", problems);
}

void read_inserted(InsertStep& step, const YamlNode& item, std::set<std::string>& ids,
                   ProblemList& problems) {
  size_t before = problems.size();
  mongo::Document document = to_document(item, "a document", problems);
  if (problems.size() != before) return;
  auto id = document.view().find("_id");
  if (!id) {
    problems.add(item,
                 "every inserted document needs an '_id', so that inserting it again after an "
                 "interruption does not make a second one");
    return;
  }
  const YamlNode& at = *item.find("_id");
  check_id(*id, at, problems);
  if (!ids.insert(identity(*id)).second) {
    problems.add(at, fmt::format("another document of this step has the _id {}", id->to_json()));
  }
  step.documents.push_back(std::move(document));
}

}  // namespace

StepBody read_update(const StepSource& source) {
  UpdateStep step{source.collection(), source.where(), {}};
  if (const YamlNode* with = source.require("with", "with: { $set: { active: true } }")) {
    step.with = read_update_spec(*with, source.find("arrayFilters"), source.problems);
  }
  return step;
}

StepBody read_delete(const StepSource& source) {
  source.require("where", "where: { expired: true }; all documents are where: {}");
  return DeleteStep{source.collection(), source.where()};
}

StepBody read_copy(const StepSource& source) {
  CopyStep step{source.collection(), "", source.where(), std::nullopt};
  if (const YamlNode* to = source.require("to", "to: users_v2")) {
    step.to = read_collection(*to, "to", source.problems);
    if (!step.to.empty() && step.to == step.collection) {
      source.problems.add(*to, fmt::format("'to' must be another collection than '{}'", step.to));
    }
  }
  if (const YamlNode* with = source.find("with")) {
    step.pipeline = read_pipeline(*with, true, source.problems);
  }
  return step;
}

StepBody read_insert(const StepSource& source) {
  InsertStep step{source.collection(), {}};
  const YamlNode* documents = source.require("documents", "documents: [ { _id: 1 } ]");
  if (!documents) return step;
  if (!documents->is_sequence() || documents->items.empty()) {
    refuse_value(*documents, "documents", "a list of at least one document", source.problems);
    return step;
  }
  std::set<std::string> ids;
  for (const YamlNode& item : documents->items) read_inserted(step, item, ids, source.problems);
  return step;
}

}  // namespace whimbrel::migration
