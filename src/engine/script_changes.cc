#include "engine/script_changes.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/field_update.h"
#include "engine/script_host.h"

namespace whimbrel {

using mongo::View;
using node::Verdict;
using Form = DocumentChange::Form;

namespace {

constexpr size_t kMostDocumentBytes = 16 << 20;

Error failed(std::string message) {
  return Error{ErrorKind::kFailed, std::move(message)};
}

/// The `_id` among the fields: named with its own value, it is passed over, as the server does.
std::optional<Error> settle_id(View before, FieldUpdate& update) {
  auto id = std::find_if(update.fields.begin(), update.fields.end(),
                         [](const auto& field) { return field.name == "_id"; });
  if (id == update.fields.end()) return std::nullopt;
  auto own = before.find("_id");
  if (!id->value || !own || !id->value->same_bytes(*own)) {
    return failed("transform changes _id; the _id of a document cannot be changed");
  }
  update.fields.erase(id);
  return std::nullopt;
}

/// A whole document that was made of parts must not take the place of the whole.
std::optional<Error> check_parts(const FieldUpdate& update, const Reads& reads) {
  for (const FieldUpdate::Field& field : update.fields) {
    if (!reads.is_partial(field.name)) continue;
    return failed(fmt::format(
        "transform returned a document with another `{0}`, of which `reads` gave it only parts: "
        "return update operators, or put `{0}` into `reads`",
        field.name));
  }
  return std::nullopt;
}

std::optional<Error> check_size(size_t bytes) {
  if (bytes <= kMostDocumentBytes) return std::nullopt;
  return failed(
      fmt::format("the document would have {} bytes; a document holds at most 16 MiB", bytes));
}

void add_failure(size_t at, Error error, Changes& changes) {
  error.blame = Blame::kDocument;
  changes.failed.push_back({at, std::move(error)});
}

/// Adds the change with its post-image, or a failure, or nothing when the image is the same.
void add_fields(DocumentChange change, View before, const FieldUpdate& update, bool literal,
                Changes& changes) {
  NewFields order = apply_fields(before, update, changes.after);
  size_t image = changes.after.size() - 1;
  View after = changes.after[image];
  // Where an update would mean something else by the names, or order them otherwise, the image is
  // written.
  bool as_operators = update.plain_names && order == NewFields::kInOrder;
  bool certain = literal || as_operators;
  if (!as_operators && literal) change.form = Form::kImage;
  if (auto error = check_size(after.size())) {
    changes.after.drop_last();
    return add_failure(change.at, std::move(*error), changes);
  }
  if (certain && after.same_bytes(before)) return changes.after.drop_last();
  if (certain) change.after = image;
  else changes.after.drop_last();
  changes.each.push_back(change);
}

}  // namespace

void add_result(size_t at, View before, const node::TransformResult& result, const Reads& reads,
                Changes& changes) {
  if (result.verdict == Verdict::kLeave) return;
  if (result.verdict == Verdict::kFailed) {
    return add_failure(at, failed(failure_text(result.failed)), changes);
  }
  bool literal = result.verdict == Verdict::kFields;
  DocumentChange change{at, Form::kOperators, result.change, std::nullopt};
  if (result.verdict == Verdict::kPipeline) change.form = Form::kPipeline;
  auto update =
      result.verdict == Verdict::kPipeline ? std::nullopt : read_field_update(result.change);
  bool here = update && !update->twice && (literal || update->plain_names);
  if (!here) return changes.each.push_back(change);  // the server says what becomes of it
  std::optional<Error> error = settle_id(before, *update);
  if (!error && literal) error = check_parts(*update, reads);
  if (error) return add_failure(at, std::move(*error), changes);
  add_fields(change, before, *update, literal, changes);
}

}  // namespace whimbrel
