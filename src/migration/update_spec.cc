#include "migration/update_spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "migration/core_schema.h"
#include "migration/fields.h"
#include "migration/values.h"

namespace whimbrel::migration {
namespace {

const Names kOperators = {"$set", "$unset",    "$inc",         "$mul",  "$min",
                          "$max", "$rename",   "$push",        "$pull", "$pullAll",
                          "$pop", "$addToSet", "$currentDate", "$bit",  "$setOnInsert"};

/// One path that an operator writes, with the node that says so.
struct WrittenPath {
  std::string path;
  const YamlNode* key;
  const YamlNode* among;  ///< the mapping whose key it is; null for the target of a $rename
};

/// True for a number, also one in Extended JSON.
bool is_numeric(const YamlNode& node) {
  if (!node.is_mapping()) return is_number(node);
  for (std::string_view form : {"$numberInt", "$numberLong", "$numberDouble", "$numberDecimal"}) {
    if (node.find(form)) return true;
  }
  return false;
}

bool is_pop(const YamlNode& node) {
  return is_integer(node) && (resolve(node).integer == 1 || resolve(node).integer == -1);
}

bool is_current_date(const YamlNode& node) {
  if (node.is_scalar()) return resolve(node).type == CoreValue::Type::kBool;
  const YamlNode* type = node.find("$type");
  return type && node.entries.size() == 1 && (type->text == "date" || type->text == "timestamp");
}

bool is_bit(const YamlNode& node) {
  if (!node.is_mapping() || node.entries.size() != 1) return false;
  const std::string& operation = node.entries[0].key.text;
  return (operation == "and" || operation == "or" || operation == "xor") &&
         is_numeric(node.entries[0].value);
}

void check_operand(const std::string& name, const YamlEntry& field, ProblemList& problems) {
  const YamlNode& value = field.value;
  auto demand = [&](bool valid, std::string_view allowed) {
    if (!valid)
      refuse_value(value, fmt::format("{} of {}", name, field.key.text), allowed, problems);
  };
  if (name == "$inc" || name == "$mul") demand(is_numeric(value), "a number");
  if (name == "$pop") demand(is_pop(value), "1 (the last item) or -1 (the first)");
  if (name == "$pullAll") demand(value.is_sequence(), "a list");
  if (name == "$currentDate") demand(is_current_date(value), "true or { $type: date }");
  if (name == "$bit") demand(is_bit(value), "{ and: N }, { or: N } or { xor: N }");
  if (name == "$rename") {
    bool renamed = is_string(value) && !value.text.empty() && value.text != field.key.text;
    demand(renamed, "another field name");
  }
}

void check_path(const std::string& name, const YamlNode& at, const std::string& path,
                ProblemList& problems) {
  bool hollow = path.empty() || path.starts_with('.') || path.ends_with('.') ||
                path.find("..") != std::string::npos;
  if (hollow) {
    problems.add(at, fmt::format("'{}' is no field path: a part of it is empty", path));
  } else if (path.starts_with('$')) {
    problems.add(at, fmt::format("'{}' is no field; {} needs field names here", path, name));
  } else if (path == "_id" || path.starts_with("_id.")) {
    problems.add(at, "the _id of a document cannot be changed by an update; use a copy");
  }
}

void check_operator(const YamlEntry& entry, std::vector<WrittenPath>& paths,
                    ProblemList& problems) {
  const std::string& name = entry.key.text;
  if (std::find(kOperators.begin(), kOperators.end(), name) == kOperators.end()) {
    problems.add(entry.key, unknown_word("update operator", name, kOperators));
    return;
  }
  if (!entry.value.is_mapping() || entry.value.entries.empty()) {
    refuse_value(entry.value, name, "a mapping of fields", problems);
    return;
  }
  for (const YamlEntry& field : entry.value.entries) {
    check_path(name, field.key, field.key.text, problems);
    check_operand(name, field, problems);
    paths.push_back({field.key.text, &field.key, &entry.value});
    if (name == "$rename" && is_string(field.value) && field.value.text != field.key.text) {
      check_path(name, field.value, field.value.text, problems);
      paths.push_back({field.value.text, &field.value, nullptr});
    }
  }
}

/// The server refuses two operators on one field, or on a field and something inside it.
void check_conflicts(std::vector<WrittenPath> paths, ProblemList& problems) {
  // With the dots as the lowest character, everything inside a field sorts right behind it.
  for (WrittenPath& written : paths) {
    std::replace(written.path.begin(), written.path.end(), '.', '\x01');
  }
  std::stable_sort(paths.begin(), paths.end(),
                   [](const WrittenPath& a, const WrittenPath& b) { return a.path < b.path; });
  for (size_t i = 1; i < paths.size(); ++i) {
    const WrittenPath& outer = paths[i - 1];
    const WrittenPath& inner = paths[i];
    bool repeated = inner.path == outer.path && inner.among && inner.among == outer.among;
    if (repeated) continue;  // a repeated key, which is a problem already
    if (inner.path == outer.path || inner.path.starts_with(outer.path + '\x01')) {
      problems.add(*inner.key, fmt::format("'{}' conflicts with '{}' on line {}: one update cannot "
                                           "change both",
                                           inner.key->text, outer.key->text, outer.key->line));
    }
  }
}

/// The identifiers that a filter's fields begin with, through $and, $or and $nor.
void collect_identifiers(const YamlNode& filter, std::set<std::string>& identifiers) {
  for (const YamlEntry& entry : filter.entries) {
    const std::string& name = entry.key.text;
    if (!name.starts_with('$')) identifiers.insert(name.substr(0, name.find('.')));
    if (name == "$and" || name == "$or" || name == "$nor") {
      for (const YamlNode& item : entry.value.items) collect_identifiers(item, identifiers);
    }
  }
}

std::set<std::string> read_identifiers(const YamlNode* filters, ProblemList& problems) {
  std::set<std::string> identifiers;
  if (!filters) return identifiers;
  for (const YamlNode& filter : filters->items) {
    if (!filter.is_mapping() || filter.entries.empty()) {
      refuse_value(filter, "an array filter", "a non-empty mapping", problems);
    }
    collect_identifiers(filter, identifiers);
  }
  return identifiers;
}

void check_array_filters(const YamlNode* filters, const std::vector<WrittenPath>& paths,
                         ProblemList& problems) {
  std::set<std::string> known = read_identifiers(filters, problems);
  std::set<std::string> unused = known;
  for (const WrittenPath& written : paths) {
    for (size_t at = 0; (at = written.path.find("$[", at)) != std::string::npos;) {
      at += 2;
      std::string identifier = written.path.substr(at, written.path.find(']', at) - at);
      unused.erase(identifier);
      if (identifier.empty() || known.contains(identifier)) continue;
      problems.add(*written.key, fmt::format("no array filter says what '$[{}]' is; add "
                                             "'arrayFilters: [{{ {}: … }}]'",
                                             identifier, identifier));
    }
  }
  if (!unused.empty()) {
    problems.add(*filters, fmt::format("no field path uses the array filter '{}'; the server "
                                       "refuses that",
                                       *unused.begin()));
  }
}

mongo::Document read_operators(const YamlNode& with, const YamlNode* filters,
                               ProblemList& problems) {
  bool any_operator = std::any_of(with.entries.begin(), with.entries.end(),
                                  [](const YamlEntry& e) { return e.key.text.starts_with('$'); });
  if (!any_operator) {
    problems.add(with,
                 "'with' is a whole document, and an update cannot replace documents; write update "
                 "operators such as $set, or a list of stages such as $replaceWith");
    return {};
  }
  std::vector<WrittenPath> paths;
  for (const YamlEntry& entry : with.entries) check_operator(entry, paths, problems);
  check_array_filters(filters, paths, problems);
  check_conflicts(std::move(paths), problems);
  return to_document(with, "with", problems);
}

}  // namespace

UpdateSpec read_update_spec(const YamlNode& with, const YamlNode* array_filters,
                            ProblemList& problems) {
  UpdateSpec spec;
  if (array_filters) spec.array_filters = to_array(*array_filters, "arrayFilters", problems);
  if (with.is_sequence()) {
    spec.is_pipeline = true;
    spec.body = read_pipeline(with, false, problems);
    if (array_filters) {
      problems.add(*array_filters, "arrayFilters work with update operators only, not a pipeline");
    }
  } else if (with.is_mapping()) {
    spec.body = read_operators(with, array_filters, problems);
  } else {
    refuse_value(with, "with", "a list of stages or a mapping of update operators", problems);
  }
  return spec;
}

}  // namespace whimbrel::migration
