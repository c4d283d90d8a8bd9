#include "engine/field_update.h"

#include <algorithm>

#include "mongo/raw_writer.h"

namespace whimbrel {

using mongo::RawWriter;
using mongo::Value;
using mongo::View;

namespace {

bool is_plain(std::string_view name) {
  return !name.empty() && name.front() != '$' && name.find('.') == std::string_view::npos;
}

bool by_name(const FieldUpdate::Field& a, const FieldUpdate::Field& b) {
  return a.name < b.name;
}

/// Copies runs of elements that stay as they are in one go.
class Run {
 public:
  explicit Run(RawWriter& writer) : writer_(writer) {}
  void add(const Value& field) {
    if (!first_) first_ = field;
    last_ = field;
  }
  void flush() {
    if (first_) writer_.put(View::raw(*first_, *last_));
    first_.reset();
  }

 private:
  RawWriter& writer_;
  std::optional<Value> first_, last_;
};

/// New fields, behind the others.
NewFields append_new(const FieldUpdate& update, const std::vector<bool>& used, RawWriter& writer) {
  size_t added = 0;
  bool numeric = false;
  for (size_t i = 0; i < update.fields.size(); ++i) {
    const FieldUpdate::Field& field = update.fields[i];
    if (used[i] || !field.value) continue;
    writer.put(field.name, *field.value);
    ++added;
    numeric = numeric || (!field.name.empty() && field.name[0] >= '0' && field.name[0] <= '9');
  }
  return numeric && added > 1 ? NewFields::kUnsure : NewFields::kInOrder;
}

}  // namespace

std::optional<FieldUpdate> read_field_update(View operators) {
  FieldUpdate update;
  for (const Value& op : operators.elements()) {
    bool sets = op.key() == "$set";
    if ((!sets && op.key() != "$unset") || op.type() != mongo::Type::kDocument) return std::nullopt;
    for (const Value& field : op.as_document().elements()) {
      update.fields.push_back({field.key(), sets ? std::optional(field) : std::nullopt});
      update.plain_names = update.plain_names && is_plain(field.key());
    }
  }
  std::sort(update.fields.begin(), update.fields.end(), by_name);
  auto same = [](const auto& a, const auto& b) { return a.name == b.name; };
  update.twice =
      std::adjacent_find(update.fields.begin(), update.fields.end(), same) != update.fields.end();
  return update;
}

NewFields apply_fields(View before, const FieldUpdate& update, mongo::DocumentList& images) {
  std::vector<bool> used(update.fields.size());
  std::vector<uint8_t> bytes;
  bytes.reserve(before.size() * 2);
  RawWriter writer(bytes);
  writer.begin();
  Run kept(writer);
  for (const Value& field : before.elements()) {
    FieldUpdate::Field wanted{field.key(), std::nullopt};
    auto found = std::lower_bound(update.fields.begin(), update.fields.end(), wanted, by_name);
    auto at = static_cast<size_t>(found - update.fields.begin());
    // Of several fields of one name the server changes the first.
    bool hit = found != update.fields.end() && found->name == field.key() && !used[at];
    if (!hit) {
      kept.add(field);
      continue;
    }
    used[at] = true;
    kept.flush();
    if (found->value) writer.put(field.key(), *found->value);
  }
  kept.flush();
  NewFields order = append_new(update, used, writer);
  writer.end();
  images.add(View(bytes));
  return order;
}

}  // namespace whimbrel
