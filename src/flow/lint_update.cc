#include "flow/lint_update.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/repeatable.h"

namespace whimbrel {

using mongo::Type;
using mongo::Value;
using mongo::View;

namespace {

using Paths = std::set<std::string>;

constexpr const char* kUnknown = "?";

/// Operators whose value comes on top of what is there.
struct Growing {
  std::string_view name, what;
};
constexpr std::array<Growing, 4> kGrowing = {Growing{"$inc", "adds to"},
                                             {"$mul", "multiplies"},
                                             {"$push", "appends to"},
                                             {"$pop", "takes an item from"}};

/// Expressions that applied to their own result give something else than it; $toLower, $trim,
/// $ifNull, $setUnion and the like do not.
constexpr std::array<std::string_view, 24> kChanging = {
    "$add",          "$subtract",     "$multiply", "$divide", "$pow",    "$exp",
    "$sqrt",         "$ln",           "$log",      "$log10",  "$mod",    "$concat",
    "$concatArrays", "$reverseArray", "$not",      "$substr", "$slice",  "$substrBytes",
    "$substrCP",     "$dateAdd",      "$map",      "$split",  "$reduce", "$dateSubtract"};

bool is_changing(std::string_view name) {
  return std::find(kChanging.begin(), kChanging.end(), name) != kChanging.end();
}

/// `items.$[x].price` and `items.0.price` are about `items.price`.
std::string without_positions(std::string_view path) {
  std::string plain;
  while (!path.empty()) {
    size_t dot = std::min(path.find('.'), path.size());
    std::string_view part = path.substr(0, dot);
    bool position = part.starts_with("$") || part.find_first_not_of("0123456789") == part.npos;
    if (!position) plain += (plain.empty() ? "" : ".") + std::string(part);
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  return plain;
}

void add_path(Paths& paths, std::string_view path) {
  std::string plain = without_positions(path);
  if (!plain.empty()) paths.insert(plain == "$unknown" ? kUnknown : plain);
}

bool overlaps_any(std::string_view path, const Paths& paths) {
  return std::any_of(paths.begin(), paths.end(),
                     [&](const std::string& other) { return paths_overlap(path, other); });
}

/// The field paths that an expression reads.
void add_reads(const Value& expression, Paths& reads) {
  if (expression.type() == Type::kString) {
    std::string_view text = expression.as_string();
    if (text.starts_with("$$CURRENT.") || text.starts_with("$$ROOT."))
      return add_path(reads, text.substr(text.find('.') + 1));
    if (text.starts_with("$") && !text.starts_with("$$")) add_path(reads, text.substr(1));
    return;
  }
  for (const Value& field : expression.as_document().elements()) {
    if (field.key() != "$literal") add_reads(field, reads);
  }
}

/// The expression in which `path` is changed further, or "".
std::string growing_expression(const Value& expression, std::string_view path) {
  for (const Value& field : expression.as_document().elements()) {
    if (field.key() == "$literal") continue;
    Paths reads;
    add_reads(field, reads);
    if (!overlaps_any(path, reads)) continue;
    if (is_changing(field.key())) return std::string(field.key());
    std::string inner = growing_expression(field, path);
    if (!inner.empty()) return inner;
  }
  return "";
}

void add_unset(const Value& names, Paths& paths) {
  if (names.type() == Type::kString) return add_path(paths, names.as_string());
  for (const Value& name : names.as_document().elements()) add_path(paths, name.as_string());
}

bool sets_fields(std::string_view stage) {
  return stage == "$set" || stage == "$addFields";
}

/// What one stage writes.
Paths written_by(const Value& stage) {
  Paths paths;
  if (stage.key() == "$unset") {
    add_unset(stage, paths);
  } else if (sets_fields(stage.key())) {
    for (const Value& field : stage.as_document().elements()) add_path(paths, field.key());
  } else {
    paths.insert(kUnknown);
  }
  return paths;
}

std::vector<Value> stages_of(View pipeline) {
  std::vector<Value> stages;
  for (const Value& stage : pipeline.elements()) {
    for (const Value& one : stage.as_document().elements()) stages.push_back(one);
  }
  return stages;
}

/// Reads a pipeline as a second run would: what an earlier stage has written is the same again.
class SecondRun {
 public:
  explicit SecondRun(View pipeline)
      : stages_(stages_of(pipeline)), written_(written_fields({pipeline, true})) {}

  std::string difference() {
    for (const Value& stage : stages_) {
      if (sets_fields(stage.key())) {
        for (const Value& field : stage.as_document().elements()) {
          std::string why = of_field(field);
          if (!why.empty()) return why;
        }
      }
      fresh_.merge(written_by(stage));
    }
    return "";
  }

 private:
  std::string of_field(const Value& field) const {
    std::string target = without_positions(field.key());
    std::string growing = growing_expression(field, target);
    bool renewed = overlaps_any(target, fresh_);
    if (!growing.empty() && !renewed)
      return fmt::format("{} is computed from itself ({})", target, growing);
    Paths reads;
    add_reads(field, reads);
    if (overlaps_any(target, reads)) return "";
    for (const std::string& read : reads) {
      if (overlaps_any(read, fresh_) || !overlaps_any(read, written_)) continue;
      return fmt::format("{} is computed from {}, which the same update changes", target, read);
    }
    return "";
  }

  std::vector<Value> stages_;
  Paths written_, fresh_;
};

std::string unrepeatable_operators(View update) {
  for (const Value& part : update.elements()) {
    for (const Growing& growing : kGrowing) {
      if (part.key() != growing.name) continue;
      auto fields = part.as_document().elements();
      std::string field = fields.empty() ? "" : std::string(fields.front().key());
      bool known = !field.empty() && field != kUnknown && field != "$unknown";
      return fmt::format("{} {} {} again", growing.name, growing.what,
                         known ? field : std::string("its field"));
    }
  }
  return "";
}

/// Fields that a second run changes further; a condition must exclude more than a range of them.
Paths growing_fields(const UpdateText& update) {
  Paths fields;
  if (update.is_pipeline) {
    for (const Value& stage : stages_of(update.body)) {
      if (!sets_fields(stage.key())) continue;
      for (const Value& field : stage.as_document().elements()) {
        if (!growing_expression(field, field.key()).empty()) add_path(fields, field.key());
      }
    }
    return fields;
  }
  for (const Value& part : update.body.elements()) {
    for (const Growing& growing : kGrowing) {
      if (part.key() != growing.name) continue;
      for (const Value& field : part.as_document().elements()) add_path(fields, field.key());
    }
  }
  return fields;
}

/// `{$gt: 5}` and the like: true of a value that was counted up as well as before.
bool is_range(const Value& condition) {
  if (condition.type() != Type::kDocument) return false;
  constexpr std::array<std::string_view, 7> kRanges = {"$gt",  "$gte",    "$lt",  "$lte",
                                                       "$mod", "$exists", "$type"};
  auto operators = condition.as_document().elements();
  if (operators.empty()) return false;
  return std::all_of(operators.begin(), operators.end(), [&](const Value& one) {
    bool missing = one.key() == "$exists" && !one.as_bool();
    return !missing && std::find(kRanges.begin(), kRanges.end(), one.key()) != kRanges.end();
  });
}

bool is_logical(std::string_view key) {
  return key == "$and" || key == "$or" || key == "$nor";
}

}  // namespace

bool paths_overlap(std::string_view a, std::string_view b) {
  if (a == kUnknown || b == kUnknown) return false;
  if (a.size() > b.size()) std::swap(a, b);
  return b == a || (b.starts_with(a) && b[a.size()] == '.');
}

std::set<std::string> written_fields(const UpdateText& update) {
  Paths paths;
  if (update.is_pipeline) {
    for (const Value& stage : stages_of(update.body)) paths.merge(written_by(stage));
    return paths;
  }
  for (const Value& part : update.body.elements()) {
    if (!part.key().starts_with("$")) add_path(paths, part.key());
    else if (part.key() == "$unknown") paths.insert(kUnknown);
    if (!part.key().starts_with("$")) continue;
    for (const Value& field : part.as_document().elements()) {
      add_path(paths, field.key());
      if (part.key() == "$rename") add_path(paths, field.as_string());
    }
  }
  return paths;
}

std::string unrepeatable(const UpdateText& update) {
  if (!update.is_pipeline) return unrepeatable_operators(update.body);
  if (!is_repeatable(update.body)) return "it has $rand, $function or the like";
  return SecondRun(update.body).difference();
}

std::vector<std::string> filter_fields(View where) {
  std::vector<std::string> fields;
  for (const Value& field : where.elements()) {
    if (is_logical(field.key())) {
      for (const Value& branch : field.as_document().elements()) {
        for (std::string& inner : filter_fields(branch.as_document()))
          fields.push_back(std::move(inner));
      }
    } else if (field.key() == "$expr") {
      Paths reads;
      add_reads(field, reads);
      fields.insert(fields.end(), reads.begin(), reads.end());
    } else if (field.key() == "$unknown" || !field.key().starts_with("$")) {
      fields.push_back(field.key() == "$unknown" ? kUnknown : without_positions(field.key()));
    }
  }
  return fields;
}

bool excludes_finished(View where, const UpdateText& update) {
  Paths written = written_fields(update), growing = growing_fields(update);
  for (const std::string& field : filter_fields(where)) {
    if (field == kUnknown) return true;
    if (written.contains(kUnknown) && field != "_id") return true;
    if (!overlaps_any(field, written)) continue;
    auto condition = where.find(field);
    bool only_range = condition && is_range(*condition);
    if (!only_range || !overlaps_any(field, growing)) return true;
  }
  return false;
}

}  // namespace whimbrel
