// Random BSON documents of every type, for properties: rc::gen<Document>-like generators.
#pragma once

#include <rapidcheck.h>

#include <array>
#include <limits>
#include <string>
#include <vector>

#include "mongo/bson.h"

namespace whimbrel::test {

/// A code point that is no surrogate; mostly ASCII, with quotes, backslashes and controls among it.
inline rc::Gen<uint32_t> random_code_point() {
  return rc::gen::weightedOneOf<uint32_t>({
      {20, rc::gen::inRange<uint32_t>(0x20, 0x7F)},
      {3, rc::gen::element<uint32_t>('"', '\\', '\n', '\t', '\r', '/', '\'', '#', ':', 0x7F, 1)},
      {3, rc::gen::inRange<uint32_t>(0x80, 0xD800)},
      {1, rc::gen::inRange<uint32_t>(0xE000, 0x110000)},
  });
}

/// Valid UTF-8 without NUL.
inline rc::Gen<std::string> random_text() {
  return rc::gen::map(rc::gen::container<std::vector<uint32_t>>(random_code_point()),
                      [](const std::vector<uint32_t>& codes) {
                        std::string text;
                        for (uint32_t code : codes) {
                          auto add = [&](uint32_t byte) { text += static_cast<char>(byte); };
                          if (code < 0x80) {
                            add(code);
                            continue;
                          }
                          if (code >= 0x10000) add(0xF0 | code >> 18);
                          if (code >= 0x10000) add(0x80 | (code >> 12 & 0x3F));
                          if (code >= 0x800 && code < 0x10000) add(0xE0 | code >> 12);
                          if (code >= 0x800) add(0x80 | (code >> 6 & 0x3F));
                          if (code < 0x800) add(0xC0 | code >> 6);
                          add(0x80 | (code & 0x3F));
                        }
                        return text;
                      });
}

/// A field name: not empty, no NUL, no leading '$' (those are operators and Extended JSON).
inline rc::Gen<std::string> random_field_name() {
  return rc::gen::map(random_text(), [](std::string name) {
    return name.empty() || name[0] == '$' ? "f" + name : name;
  });
}

inline rc::Gen<std::string> random_object_id() {
  return rc::gen::container<std::string>(24, rc::gen::elementOf(std::string("0123456789abcdef")));
}

inline rc::Gen<double> random_double() {
  using Limits = std::numeric_limits<double>;
  return rc::gen::oneOf(
      rc::gen::arbitrary<double>(),
      rc::gen::element(0.0, -0.0, 1.0, 0.1, 1e300, -1e-300, 1e22, 123456789012345680.0,
                       Limits::denorm_min(), Limits::max(), Limits::infinity(), -Limits::infinity(),
                       Limits::quiet_NaN()));
}

/// Appends a value of the type; `depth` more levels may be nested.
inline void append_random(mongo::Document& out, std::string_view key, mongo::Type type, int depth);

/// A document with up to `most` fields of any type, nested at most `depth` levels below it. Field
/// names differ within a document. Call it inside a property.
inline mongo::Document random_document(int depth = 3, int most = 6);

inline mongo::Type random_type(int depth) {
  using mongo::Type;
  static const std::vector<Type> kFlat = {
      Type::kDouble, Type::kString, Type::kBinary,    Type::kUndefined, Type::kObjectId,
      Type::kBool,   Type::kDate,   Type::kNull,      Type::kRegex,     Type::kDbPointer,
      Type::kCode,   Type::kSymbol, Type::kInt32,     Type::kTimestamp, Type::kInt64,
      Type::kMaxKey, Type::kMinKey, Type::kDecimal128};
  static const std::vector<Type> kNested = {Type::kDocument, Type::kArray, Type::kCodeWithScope};
  bool nest = depth > 0 && *rc::gen::inRange(0, 4) == 0;
  return *rc::gen::elementOf(nest ? kNested : kFlat);
}

inline void append_random_number(mongo::Document& out, std::string_view key, mongo::Type type) {
  if (type == mongo::Type::kDouble) out.append(key, *random_double());
  if (type == mongo::Type::kInt32) out.append(key, *rc::gen::arbitrary<int32_t>());
  if (type == mongo::Type::kInt64) out.append(key, *rc::gen::arbitrary<int64_t>());
  if (type == mongo::Type::kDate) out.append_date(key, *rc::gen::arbitrary<int64_t>());
  if (type == mongo::Type::kDecimal128) {
    out.append_decimal128(
        key, *rc::gen::element<std::string>("0", "-0", "1.10", "-1E+6144", "NaN", "Infinity",
                                            "-Infinity", "0E-6176", "12345678901234567890.123",
                                            "9999999999999999999999999999999999"));
  }
}

inline void append_random_text(mongo::Document& out, std::string_view key, mongo::Type type) {
  using mongo::Type;
  if (type == Type::kString) out.append(key, *random_text());
  if (type == Type::kSymbol) out.append_symbol(key, *random_text());
  if (type == Type::kCode) out.append_code(key, *random_text());
  if (type == Type::kDbPointer) out.append_db_pointer(key, *random_text(), *random_object_id());
  if (type == Type::kRegex) {
    out.append_regex(key, *random_text(), *rc::gen::element<std::string>("", "i", "im", "msx"));
  }
}

inline mongo::Document random_array(int depth) {
  mongo::Document array;
  int count = *rc::gen::inRange(0, 5);
  for (int i = 0; i < count; ++i) {
    append_random(array, mongo::array_key(static_cast<size_t>(i)), random_type(depth), depth);
  }
  return array;
}

inline void append_random(mongo::Document& out, std::string_view key, mongo::Type type, int depth) {
  using mongo::Type;
  append_random_number(out, key, type);
  append_random_text(out, key, type);
  switch (type) {
    case Type::kDocument:
      out.append(key, random_document(depth - 1));
      return;
    case Type::kArray:
      out.append_array(key, random_array(depth - 1));
      return;
    case Type::kBinary:
      out.append_binary(key, *rc::gen::arbitrary<std::vector<uint8_t>>(),
                        *rc::gen::element<uint8_t>(0, 1, 2, 3, 4, 5, 6, 0x80, 0xFF));
      return;
    case Type::kUndefined:
      out.append_undefined(key);
      return;
    case Type::kObjectId:
      out.append_object_id(key, *random_object_id());
      return;
    case Type::kBool:
      out.append(key, *rc::gen::arbitrary<bool>());
      return;
    case Type::kNull:
      out.append_null(key);
      return;
    case Type::kCodeWithScope:
      out.append_code_with_scope(key, *random_text(), random_document(depth - 1));
      return;
    case Type::kTimestamp:
      out.append_timestamp(key, *rc::gen::arbitrary<uint32_t>(), *rc::gen::arbitrary<uint32_t>());
      return;
    case Type::kMinKey:
      out.append_min_key(key);
      return;
    case Type::kMaxKey:
      out.append_max_key(key);
      return;
    default:
      return;
  }
}

inline mongo::Document random_document(int depth, int most) {
  mongo::Document document;
  int count = *rc::gen::inRange(0, most + 1);
  for (int i = 0; i < count; ++i) {
    std::string name = *random_field_name();
    if (document.view().find(name)) continue;
    append_random(document, name, random_type(depth), depth);
  }
  return document;
}

}  // namespace whimbrel::test
