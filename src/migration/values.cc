#include "migration/values.h"

#include <fmt/format.h>

#include <limits>

#include "migration/core_schema.h"
#include "migration/extended_json.h"

namespace whimbrel::migration {
namespace {

void append_integer(mongo::Document& out, std::string_view key, int64_t number) {
  using Limits = std::numeric_limits<int32_t>;
  if (number >= Limits::min() && number <= Limits::max()) {
    out.append(key, static_cast<int32_t>(number));
  } else {
    out.append(key, number);
  }
}

void append_scalar(mongo::Document& out, std::string_view key, const YamlNode& node,
                   ProblemList& problems) {
  using Type = CoreValue::Type;
  CoreValue value = resolve(node);
  switch (value.type) {
    case Type::kNull:
      out.append_null(key);
      return;
    case Type::kBool:
      out.append(key, value.boolean);
      return;
    case Type::kInt:
      append_integer(out, key, value.integer);
      return;
    case Type::kFloat:
      out.append(key, value.number);
      return;
    case Type::kString:
      out.append(key, node.text);
      return;
    case Type::kBinary:
      append_base64(out, key, node, problems);
      return;
    case Type::kTooBig:
      problems.add(node, fmt::format("{} does not fit in 64 bits; write {{ $numberDecimal: "
                                     "\"{}\" }}, or quote it if it is text",
                                     describe(node), node.text));
      return;
    case Type::kMismatch:
      problems.add(node, fmt::format("{} is not what its tag says", describe(node)));
      return;
  }
}

void append_fields(mongo::Document& out, const YamlNode& mapping, ProblemList& problems) {
  for (const YamlEntry& entry : mapping.entries) {
    if (entry.key.text.find('\0') != std::string::npos) {
      problems.add(entry.key, "a field name cannot contain a NUL character");
      continue;
    }
    append_value(out, entry.key.text, entry.value, problems);
  }
}

mongo::Document items_of(const YamlNode& sequence, ProblemList& problems) {
  mongo::Document array;
  size_t position = 0;
  for (const YamlNode& item : sequence.items) {
    size_t before = array.view().size();
    append_value(array, mongo::array_key(position), item, problems);
    // An array without its "0" makes libbson complain on stderr.
    if (array.view().size() == before) array.append_null(mongo::array_key(position));
    ++position;
  }
  return array;
}

}  // namespace

void append_value(mongo::Document& out, std::string_view key, const YamlNode& node,
                  ProblemList& problems) {
  if (node.is_sequence()) {
    out.append_array(key, items_of(node, problems));
    return;
  }
  if (!node.is_mapping()) {
    append_scalar(out, key, node, problems);
    return;
  }
  if (const YamlEntry* entry = extended_json_entry(node)) {
    append_extended_json(out, key, node, *entry, problems);
    return;
  }
  mongo::Document document;
  append_fields(document, node, problems);
  out.append(key, document);
}

mongo::Document to_document(const YamlNode& node, std::string_view what, ProblemList& problems) {
  mongo::Document document;
  if (!node.is_mapping()) {
    problems.add(node, fmt::format("{} must be a mapping, not {}", what, describe(node)));
  } else if (const YamlEntry* entry = extended_json_entry(node)) {
    problems.add(entry->key, fmt::format("{} must be a document, and '{}' makes it a single value",
                                         what, entry->key.text));
  } else {
    append_fields(document, node, problems);
  }
  return document;
}

mongo::Document to_array(const YamlNode& node, std::string_view what, ProblemList& problems) {
  if (node.is_sequence()) return items_of(node, problems);
  problems.add(node, fmt::format("{} must be a list, not {}", what, describe(node)));
  return {};
}

}  // namespace whimbrel::migration
