// mongo: the only room that speaks libmongoc and libbson; the others see documents, clients,
// errors.
//
// Document owns BSON bytes, View borrows them, Value borrows one element. All are plain memory: no
// thread rules beyond const access being shareable.
#pragma once

#include <bson/bson.h>

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace whimbrel::mongo {

/// BSON type numbers, as in the specification (bsonspec.org).
enum class Type : uint8_t {
  kDouble = 0x01,
  kString = 0x02,
  kDocument = 0x03,
  kArray = 0x04,
  kBinary = 0x05,
  kUndefined = 0x06,
  kObjectId = 0x07,
  kBool = 0x08,
  kDate = 0x09,
  kNull = 0x0A,
  kRegex = 0x0B,
  kDbPointer = 0x0C,
  kCode = 0x0D,
  kSymbol = 0x0E,
  kCodeWithScope = 0x0F,
  kInt32 = 0x10,
  kTimestamp = 0x11,
  kInt64 = 0x12,
  kDecimal128 = 0x13,
  kMaxKey = 0x7F,
  kMinKey = 0xFF,
};

class View;

/// One element of a document: key, type and the raw bytes of the value. Borrows.
class Value {
 public:
  Value(std::string_view key, Type type, std::span<const uint8_t> bytes)
      : key_(key), type_(type), bytes_(bytes) {}

  std::string_view key() const { return key_; }
  Type type() const { return type_; }
  std::span<const uint8_t> bytes() const { return bytes_; }

  bool is_number() const;  ///< int32, int64 or double; decimal128 is not read as one.
  bool is_document() const { return type_ == Type::kDocument || type_ == Type::kArray; }
  /// Any number, rounded towards zero; bool as 0 or 1; date as milliseconds; 0 for every other
  /// type.
  int64_t as_int() const;
  double as_double() const;
  bool as_bool() const;                        ///< Truth as MongoDB sees it in `ok: 1`.
  std::string_view as_string() const;          ///< "" unless a string, symbol or code.
  View as_document() const;                    ///< An empty document unless document or array.
  std::span<const uint8_t> as_binary() const;  ///< Payload of any subtype but 2; else empty.
  std::string as_object_id() const;            ///< 24 hex digits, or "".

  /// Same type and same bytes. Numerically equal values of two types are different.
  bool same_bytes(const Value& other) const;
  /// Equal for two values exactly when same_bytes() is true: a key for maps.
  std::string map_key() const;
  /// Canonical Extended JSON of the value alone.
  std::string to_json() const;
  /// Relaxed Extended JSON of the value alone, for people.
  std::string to_relaxed_json() const;

 private:
  std::string_view key_;
  Type type_;
  std::span<const uint8_t> bytes_;
};

/// A borrowed document. Valid while its bytes are.
class View {
 public:
  View();  ///< The empty document.
  explicit View(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  std::span<const uint8_t> bytes() const { return bytes_; }
  size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.size() <= 5; }
  bool same_bytes(View other) const;

  /// The first element of that name.
  std::optional<Value> find(std::string_view key) const;
  /// Follows a dotted path through embedded documents and array indexes.
  std::optional<Value> at_path(std::string_view dotted) const;
  std::vector<Value> elements() const;
  /// The bytes from one of its own elements to another: types, names and values.
  static std::span<const uint8_t> raw(const Value& first, const Value& last);
  size_t count() const;

  /// Readers with a default for a missing field or another type.
  int64_t get_int(std::string_view key, int64_t otherwise = 0) const;
  std::string get_string(std::string_view key) const;
  View get_document(std::string_view key) const;
  bool get_bool(std::string_view key) const;

  std::string to_json() const;          ///< Canonical Extended JSON.
  std::string to_relaxed_json() const;  ///< Relaxed Extended JSON, for people.

 private:
  std::span<const uint8_t> bytes_;
};

/// Refuses bytes that are not one whole document, by lengths and the UTF-8 of names.
Status check_bson(std::span<const uint8_t> bytes);

/// An owned document that can be appended to. Moved-from documents are empty.
class Document {
 public:
  Document();
  explicit Document(View view);
  Document(const Document& other) : Document(other.view()) {}
  Document(Document&& other) noexcept;
  Document& operator=(Document other) noexcept;
  ~Document();

  /// Parses Extended JSON (canonical, relaxed or legacy).
  static Result<Document> from_json(std::string_view json);
  /// check_bson() first.
  static Result<Document> from_bytes(std::span<const uint8_t> bytes);

  View view() const;
  operator View() const { return view(); }  // NOLINT: implicit, as std::string to string_view
  View operator*() const { return view(); }
  std::span<const uint8_t> bytes() const { return view().bytes(); }

  Document& append(std::string_view key, int32_t value);
  Document& append(std::string_view key, int64_t value);
  Document& append(std::string_view key, double value);
  Document& append(std::string_view key, bool value);
  Document& append(std::string_view key, std::string_view value);
  Document& append(std::string_view key, const char* value);
  Document& append(std::string_view key, const std::string& value);
  Document& append(std::string_view key, View value);
  Document& append(std::string_view key, const Document& value);
  Document& append(std::string_view key, const Value& value);
  Document& append_array(std::string_view key, View value);
  Document& append_array(std::string_view key, std::span<const View> values);
  Document& append_array(std::string_view key, std::span<const Document> values);
  Document& append_date(std::string_view key, int64_t milliseconds);
  Document& append_object_id(std::string_view key, std::string_view hex);
  Document& append_binary(std::string_view key, std::span<const uint8_t> bytes,
                          uint8_t subtype = 0);
  Document& append_null(std::string_view key);
  Document& append_timestamp(std::string_view key, uint32_t seconds, uint32_t increment);
  Document& append_regex(std::string_view key, std::string_view pattern, std::string_view options);
  Document& append_min_key(std::string_view key);
  Document& append_max_key(std::string_view key);
  Document& append_undefined(std::string_view key);
  Document& append_symbol(std::string_view key, std::string_view symbol);
  Document& append_code(std::string_view key, std::string_view code);
  Document& append_code_with_scope(std::string_view key, std::string_view code, View scope);
  Document& append_db_pointer(std::string_view key, std::string_view collection,
                              std::string_view object_id_hex);
  /// False when `text` is not a decimal number (nothing is appended then).
  bool append_decimal128(std::string_view key, std::string_view text);
  /// Every element of `other`.
  Document& append_all(View other);

  /// The C handle, for this room only.
  const bson_t* handle() const { return handle_; }
  bson_t* handle() { return handle_; }

 private:
  bson_t* handle_;  // never null; its own allocation, so that libmongoc can fill it in place
};

/// A value that outlives its document, for example the last `_id` of a batch.
class OwnedValue {
 public:
  OwnedValue() = default;  ///< null
  explicit OwnedValue(const Value& value);
  Value value() const;
  Type type() const { return type_; }
  bool operator==(const OwnedValue& other) const = default;

 private:
  Type type_ = Type::kNull;
  std::vector<uint8_t> bytes_;
};

namespace detail {
inline void append_pairs(Document&) {}
template <class V, class... Rest>
void append_pairs(Document& document, std::string_view key, const V& value, const Rest&... rest) {
  document.append(key, value);
  append_pairs(document, rest...);
}
}  // namespace detail

/// make_document("find", "users", "limit", 5): key and value in turn.
template <class... Pairs>
Document make_document(const Pairs&... pairs) {
  Document document;
  detail::append_pairs(document, pairs...);
  return document;
}

/// An array's BSON form: keys "0", "1", …
class Array {
 public:
  Array& add(View document);
  Array& add(const Value& value);
  Array& add(std::string_view text);
  size_t size() const { return size_; }
  size_t bytes() const { return items_.bytes().size(); }
  View view() const { return items_.view(); }

 private:
  Document items_;
  uint32_t size_ = 0;
};

/// A new ObjectId's 24 hex digits.
std::string new_object_id();

/// A field's name as a position in an array, or the next: "0", "1", ...
std::string array_key(size_t position);

}  // namespace whimbrel::mongo
