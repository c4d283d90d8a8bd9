#include "migration/core_schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

namespace whimbrel::migration {
namespace {

using Type = CoreValue::Type;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

bool is_null(std::string_view text) {
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}
bool is_true(std::string_view text) {
  return text == "true" || text == "True" || text == "TRUE";
}
bool is_false(std::string_view text) {
  return text == "false" || text == "False" || text == "FALSE";
}

std::string_view without_sign(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  return text;
}

CoreValue parsed_integer(std::string_view text, int base) {
  CoreValue value;
  auto [end, problem] =
      std::from_chars(text.data(), text.data() + text.size(), value.integer, base);
  bool whole = end == text.data() + text.size();
  if (problem == std::errc::result_out_of_range && whole) value.type = Type::kTooBig;
  else value.type = problem == std::errc() && whole ? Type::kInt : Type::kMismatch;
  return value;
}

/// kInt or kTooBig; kMismatch when the text is no integer.
CoreValue integer(std::string_view text) {
  if (text.starts_with("0o") && text.size() > 2) {
    return text[2] == '-' ? CoreValue{Type::kMismatch} : parsed_integer(text.substr(2), 8);
  }
  if (text.starts_with("0x") && text.size() > 2) {
    return text[2] == '-' ? CoreValue{Type::kMismatch} : parsed_integer(text.substr(2), 16);
  }
  if (!all_digits(without_sign(text))) return CoreValue{Type::kMismatch};
  return parsed_integer(text[0] == '+' ? text.substr(1) : text, 10);
}

/// `(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
bool looks_like_float(std::string_view text) {
  size_t at = 0;
  auto digits = [&] {
    size_t from = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    return at - from;
  };
  size_t before = digits();
  size_t after = 0;
  if (at < text.size() && text[at] == '.') {
    ++at;
    after = digits();
  }
  if (before + after == 0) return false;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    if (digits() == 0) return false;
  }
  return at == text.size();
}

bool is_infinity(std::string_view text) {
  return text == ".inf" || text == ".Inf" || text == ".INF";
}
bool is_nan(std::string_view text) {
  return text == ".nan" || text == ".NaN" || text == ".NAN";
}

/// kFloat or kTooBig; kMismatch when the text is no float.
CoreValue floating(std::string_view text) {
  CoreValue value{Type::kFloat};
  std::string_view magnitude = without_sign(text);
  if (is_nan(text)) {
    value.number = std::numeric_limits<double>::quiet_NaN();
  } else if (is_infinity(magnitude)) {
    value.number = std::numeric_limits<double>::infinity();
  } else if (!looks_like_float(magnitude)) {
    return CoreValue{Type::kMismatch};
  } else {
    auto [end, problem] =
        std::from_chars(magnitude.data(), magnitude.data() + magnitude.size(), value.number);
    if (problem != std::errc()) return CoreValue{Type::kTooBig};
  }
  if (text[0] == '-') value.number = -value.number;
  return value;
}

CoreValue boolean(std::string_view text) {
  if (!is_true(text) && !is_false(text)) return CoreValue{Type::kMismatch};
  return CoreValue{Type::kBool, is_true(text)};
}

CoreValue plain(std::string_view text) {
  if (is_null(text)) return CoreValue{Type::kNull};
  constexpr std::string_view kFirst = "-+.0123456789tTfF";
  if (kFirst.find(text[0]) == std::string_view::npos) return CoreValue{Type::kString};
  for (auto read : {boolean, integer, floating}) {
    CoreValue value = read(text);
    if (value.type != Type::kMismatch) return value;
  }
  return CoreValue{Type::kString};
}

CoreValue tagged(const YamlNode& node) {
  switch (node.tag) {
    case YamlTag::kInt:
      return integer(node.text);
    case YamlTag::kBool:
      return boolean(node.text);
    case YamlTag::kNull:
      return CoreValue{is_null(node.text) ? Type::kNull : Type::kMismatch};
    case YamlTag::kBinary:
      return CoreValue{Type::kBinary};
    case YamlTag::kFloat:
      return floating(node.text);
    case YamlTag::kStr:
    case YamlTag::kNone:
      return CoreValue{Type::kString};
  }
  return CoreValue{Type::kMismatch};
}

std::string shortened(std::string_view text) {
  constexpr size_t kLongest = 40;
  if (text.size() <= kLongest) return std::string(text);
  size_t end = kLongest;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "…";
}

}  // namespace

CoreValue resolve(const YamlNode& node) {
  if (node.is_null()) return CoreValue{Type::kNull};
  if (node.tag != YamlTag::kNone) return tagged(node);
  return node.quoted ? CoreValue{Type::kString} : plain(node.text);
}

std::string describe(const YamlNode& node) {
  if (node.is_sequence()) return "a list";
  if (node.is_mapping()) return "a mapping";
  switch (resolve(node).type) {
    case Type::kNull:
      return "nothing";
    case Type::kBool:
      return node.text;
    case Type::kInt:
    case Type::kFloat:
    case Type::kTooBig:
      return fmt::format("the number {}", shortened(node.text));
    case Type::kBinary:
      return "binary data";
    case Type::kString:
    case Type::kMismatch:
      break;
  }
  return fmt::format("the text '{}'", shortened(node.text));
}

}  // namespace whimbrel::migration
