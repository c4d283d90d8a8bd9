#include "migration/extended_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "migration/base64.h"
#include "migration/core_schema.h"
#include "migration/iso_date.h"
#include "migration/values.h"

namespace whimbrel::migration {
namespace {

/// One Extended JSON value on its way into `out`.
struct Target {
  mongo::Document& out;
  std::string_view key;
  ProblemList& problems;

  void refuse(const YamlNode& at, std::string_view name, std::string_view allowed) const {
    problems.add(at, fmt::format("{} must be {}, not {}", name, allowed, describe(at)));
  }
};

/// The text of a scalar that is a string, or of any scalar when `numbers_too`.
const std::string* text_of(const YamlNode& node, bool numbers_too = false) {
  if (!node.is_scalar()) return nullptr;
  return numbers_too || resolve(node).type == CoreValue::Type::kString ? &node.text : nullptr;
}

template <class Number>
bool parse_whole(std::string_view text, Number& number) {
  auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  return problem == std::errc() && end == text.data() + text.size();
}

/// The mapping has exactly these keys (those behind a '?' may be missing).
bool has_keys(const YamlNode& node, std::initializer_list<std::string_view> keys) {
  if (!node.is_mapping()) return false;
  auto is_key = [&](const YamlEntry& entry) {
    return std::any_of(keys.begin(), keys.end(), [&](std::string_view key) {
      return entry.key.text == (key[0] == '?' ? key.substr(1) : key);
    });
  };
  if (!std::all_of(node.entries.begin(), node.entries.end(), is_key)) return false;
  return std::all_of(keys.begin(), keys.end(), [&](std::string_view key) {
    return key[0] == '?' || node.find(key) != nullptr;
  });
}

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return std::isxdigit(c) != 0; });
}

bool is_object_id(const YamlNode& node) {
  const std::string* text = text_of(node, true);
  return text && text->size() == 24 && is_hex(*text);
}

void append_oid(const Target& to, const YamlNode& value) {
  if (!is_object_id(value)) return to.refuse(value, "$oid", "24 hexadecimal digits");
  to.out.append_object_id(to.key, value.text);
}

void append_date(const Target& to, const YamlNode& value) {
  constexpr std::string_view kAllowed =
      "an ISO date with time zone such as 2025-12-26T13:05:00.000Z, { $numberLong: \"…\" } or "
      "whole "
      "milliseconds";
  const YamlNode* number = has_keys(value, {"$numberLong"}) ? value.find("$numberLong") : &value;
  int64_t milliseconds = 0;
  if (const std::string* text = text_of(*number, true)) {
    if (!number->quoted || number != &value) {
      if (parse_whole(*text, milliseconds)) {
        to.out.append_date(to.key, milliseconds);
        return;
      }
    }
    if (auto date = parse_iso_date(*text); date && number == &value) {
      to.out.append_date(to.key, *date);
      return;
    }
  }
  to.refuse(value, "$date", kAllowed);
}

void append_int32(const Target& to, const YamlNode& value) {
  int32_t number = 0;
  const std::string* text = text_of(value, true);
  if (!text || !parse_whole(*text, number)) {
    return to.refuse(value, "$numberInt", "a decimal integer of 32 bits");
  }
  to.out.append(to.key, number);
}

void append_int64(const Target& to, const YamlNode& value) {
  int64_t number = 0;
  const std::string* text = text_of(value, true);
  if (!text || !parse_whole(*text, number)) {
    return to.refuse(value, "$numberLong", "a decimal integer of 64 bits");
  }
  to.out.append(to.key, number);
}

void append_double(const Target& to, const YamlNode& value) {
  using Limits = std::numeric_limits<double>;
  const std::string* text = text_of(value, true);
  double number = 0;
  bool plain = text && text->find_first_not_of("0123456789+-.eE") == std::string::npos;
  if (text && *text == "NaN") number = Limits::quiet_NaN();
  else if (text && *text == "Infinity") number = Limits::infinity();
  else if (text && *text == "-Infinity") number = -Limits::infinity();
  else if (!plain || !parse_whole(*text, number)) {
    return to.refuse(value, "$numberDouble", "a number, \"NaN\", \"Infinity\" or \"-Infinity\"");
  }
  to.out.append(to.key, number);
}

void append_decimal(const Target& to, const YamlNode& value) {
  const std::string* text = text_of(value, true);
  if (!text || text->empty() || !to.out.append_decimal128(to.key, *text)) {
    to.refuse(value, "$numberDecimal",
              "a decimal number of at most 34 digits, \"NaN\" or \"Infinity\"");
  }
}

void append_binary(const Target& to, const YamlNode& value) {
  if (!has_keys(value, {"base64", "subType"})) {
    return to.refuse(value, "$binary", "{ base64: \"…\", subType: \"00\" }");
  }
  const YamlNode& payload = *value.find("base64");
  const std::string* base64 = text_of(payload, true);
  auto bytes = base64 ? decode_base64(*base64) : std::nullopt;
  if (!bytes) return to.refuse(payload, "base64 of $binary", "padded base64");
  const YamlNode& subtype = *value.find("subType");
  const std::string* hex = text_of(subtype, true);
  if (!hex || hex->empty() || hex->size() > 2 || !is_hex(*hex)) {
    return to.refuse(subtype, "subType of $binary", "one or two hexadecimal digits");
  }
  to.out.append_binary(to.key, *bytes, static_cast<uint8_t>(std::stoi(*hex, nullptr, 16)));
}

void append_uuid(const Target& to, const YamlNode& value) {
  const std::string* text = text_of(value);
  std::vector<uint8_t> bytes;
  for (size_t at = 0; text && text->size() == 36 && at < 36;) {
    if (at == 8 || at == 13 || at == 18 || at == 23) {
      if ((*text)[at++] != '-') break;
    } else {
      std::string_view pair = std::string_view(*text).substr(at, 2);
      if (!is_hex(pair)) break;
      bytes.push_back(static_cast<uint8_t>(std::stoi(std::string(pair), nullptr, 16)));
      at += 2;
    }
  }
  constexpr uint8_t kUuidSubtype = 4;
  if (bytes.size() != 16) {
    return to.refuse(value, "$uuid", "32 hexadecimal digits grouped by hyphens as 8-4-4-4-12");
  }
  to.out.append_binary(to.key, bytes, kUuidSubtype);
}

void append_timestamp(const Target& to, const YamlNode& value) {
  uint32_t seconds = 0;
  uint32_t increment = 0;
  auto read = [&](std::string_view name, uint32_t& number) {
    const std::string* text = text_of(*value.find(name), true);
    return text && parse_whole(*text, number);
  };
  if (!has_keys(value, {"t", "i"}) || !read("t", seconds) || !read("i", increment)) {
    return to.refuse(value, "$timestamp",
                     "{ t: SECONDS, i: NUMBER }, both unsigned 32-bit integers");
  }
  to.out.append_timestamp(to.key, seconds, increment);
}

void append_regex(const Target& to, const YamlNode& value) {
  if (!has_keys(value, {"pattern", "?options"})) {
    return to.refuse(value, "$regularExpression", "{ pattern: \"…\", options: \"…\" }");
  }
  const YamlNode& pattern_node = *value.find("pattern");
  const YamlNode* options_node = value.find("options");
  const std::string* pattern = text_of(pattern_node, true);
  if (!pattern || pattern->find('\0') != std::string::npos) {
    return to.refuse(pattern_node, "pattern of $regularExpression", "text without NUL characters");
  }
  const std::string* options = options_node ? text_of(*options_node) : nullptr;
  if (options_node && (!options || options->find_first_not_of("ilmsux") != std::string::npos)) {
    return to.refuse(*options_node, "options of $regularExpression", "letters among i l m s u x");
  }
  to.out.append_regex(to.key, *pattern, options ? *options : "");
}

void append_code(const Target& to, const YamlNode& mapping) {
  const YamlNode* code = mapping.find("$code");
  const YamlNode* scope = mapping.find("$scope");
  const std::string* text = code ? text_of(*code) : nullptr;
  if (!text || text->find('\0') != std::string::npos) {
    return to.refuse(code ? *code : mapping, "$code", "text without NUL characters");
  }
  if (!scope) {
    to.out.append_code(to.key, *text);
    return;
  }
  to.out.append_code_with_scope(to.key, *text, to_document(*scope, "$scope", to.problems));
}

void append_symbol(const Target& to, const YamlNode& value) {
  const std::string* text = text_of(value);
  if (!text) return to.refuse(value, "$symbol", "text");
  to.out.append_symbol(to.key, *text);
}

void append_db_pointer(const Target& to, const YamlNode& value) {
  const YamlNode* collection = has_keys(value, {"$ref", "$id"}) ? value.find("$ref") : nullptr;
  const YamlNode* wrapped = collection ? value.find("$id") : nullptr;
  const YamlNode* id = wrapped && has_keys(*wrapped, {"$oid"}) ? wrapped->find("$oid") : nullptr;
  const std::string* name = collection ? text_of(*collection) : nullptr;
  if (!name || name->find('\0') != std::string::npos || !id || !is_object_id(*id)) {
    return to.refuse(value, "$dbPointer", "{ $ref: COLLECTION, $id: { $oid: \"…\" } }");
  }
  to.out.append_db_pointer(to.key, *name, id->text);
}

bool is_one(const Target& to, std::string_view name, const YamlNode& value) {
  CoreValue number = resolve(value);
  bool one = value.is_scalar() && number.type == CoreValue::Type::kInt && number.integer == 1;
  if (!one) to.refuse(value, name, "1");
  return one;
}

void append_min_key(const Target& to, const YamlNode& value) {
  if (is_one(to, "$minKey", value)) to.out.append_min_key(to.key);
}
void append_max_key(const Target& to, const YamlNode& value) {
  if (is_one(to, "$maxKey", value)) to.out.append_max_key(to.key);
}
void append_undefined(const Target& to, const YamlNode& value) {
  CoreValue truth = resolve(value);
  bool valid = value.is_scalar() && truth.type == CoreValue::Type::kBool && truth.boolean;
  if (!valid) return to.refuse(value, "$undefined", "true");
  to.out.append_undefined(to.key);
}

struct Form {
  std::string_view name;
  void (*append)(const Target&, const YamlNode& value);  ///< null: `$code` and `$scope`
};

constexpr std::array<Form, 17> kForms = {{
    {"$oid", append_oid},
    {"$date", append_date},
    {"$numberInt", append_int32},
    {"$numberLong", append_int64},
    {"$numberDouble", append_double},
    {"$numberDecimal", append_decimal},
    {"$binary", append_binary},
    {"$uuid", append_uuid},
    {"$timestamp", append_timestamp},
    {"$regularExpression", append_regex},
    {"$symbol", append_symbol},
    {"$dbPointer", append_db_pointer},
    {"$minKey", append_min_key},
    {"$maxKey", append_max_key},
    {"$undefined", append_undefined},
    {"$code", nullptr},
    {"$scope", nullptr},
}};

const Form* form_of(std::string_view key) {
  if (!key.starts_with('$')) return nullptr;
  auto found = std::find_if(kForms.begin(), kForms.end(),
                            [key](const Form& form) { return form.name == key; });
  return found == kForms.end() ? nullptr : &*found;
}

/// The first entry that does not belong to the value, or nullptr.
const YamlEntry* stranger(const YamlNode& mapping, const YamlEntry& entry) {
  bool code = entry.key.text == "$code" || entry.key.text == "$scope";
  for (const YamlEntry& other : mapping.entries) {
    bool belongs =
        &other == &entry || (code && (other.key.text == "$code" || other.key.text == "$scope"));
    if (!belongs) return &other;
  }
  return nullptr;
}

}  // namespace

const YamlEntry* extended_json_entry(const YamlNode& mapping) {
  for (const YamlEntry& entry : mapping.entries) {
    if (form_of(entry.key.text)) return &entry;
  }
  return nullptr;
}

void append_extended_json(mongo::Document& out, std::string_view key, const YamlNode& mapping,
                          const YamlEntry& entry, ProblemList& problems) {
  if (const YamlEntry* other = stranger(mapping, entry)) {
    bool legacy = entry.key.text == "$binary" && other->key.text == "$type";
    problems.add(other->key,
                 legacy ? "the old form with $type is not read; write "
                          "{ $binary: { base64: \"…\", subType: \"00\" } }"
                        : fmt::format("'{}' cannot stand beside '{}', which makes this mapping a "
                                      "single value",
                                      other->key.text, entry.key.text));
    return;
  }
  Target to{out, key, problems};
  const Form* form = form_of(entry.key.text);
  if (form->append) form->append(to, entry.value);
  else append_code(to, mapping);
}

void append_base64(mongo::Document& out, std::string_view key, const YamlNode& node,
                   ProblemList& problems) {
  std::string compact = node.text;
  std::erase_if(compact, [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; });
  auto bytes = decode_base64(compact);
  if (!bytes) {
    problems.add(node, "!!binary must be padded base64");
    return;
  }
  out.append_binary(key, *bytes);
}

}  // namespace whimbrel::migration
