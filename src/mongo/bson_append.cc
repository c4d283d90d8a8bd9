#include <cstring>

#include "mongo/bson.h"

namespace whimbrel::mongo {
namespace {

int length_of(std::string_view text) {
  return static_cast<int>(text.size());
}

bson_t borrowed(View view) {
  bson_t handle;
  if (!bson_init_static(&handle, view.bytes().data(), view.size())) bson_init(&handle);
  return handle;
}

}  // namespace

Document& Document::append(std::string_view key, int32_t value) {
  bson_append_int32(handle_, key.data(), length_of(key), value);
  return *this;
}
Document& Document::append(std::string_view key, int64_t value) {
  bson_append_int64(handle_, key.data(), length_of(key), value);
  return *this;
}
Document& Document::append(std::string_view key, double value) {
  bson_append_double(handle_, key.data(), length_of(key), value);
  return *this;
}
Document& Document::append(std::string_view key, bool value) {
  bson_append_bool(handle_, key.data(), length_of(key), value);
  return *this;
}
Document& Document::append(std::string_view key, std::string_view value) {
  bson_append_utf8(handle_, key.data(), length_of(key), value.data() ? value.data() : "",
                   length_of(value));
  return *this;
}
Document& Document::append(std::string_view key, const char* value) {
  return append(key, std::string_view(value));
}
Document& Document::append(std::string_view key, const std::string& value) {
  return append(key, std::string_view(value));
}
Document& Document::append(std::string_view key, View value) {
  bson_t handle = borrowed(value);
  bson_append_document(handle_, key.data(), length_of(key), &handle);
  return *this;
}
Document& Document::append(std::string_view key, const Document& value) {
  return append(key, value.view());
}
Document& Document::append_array(std::string_view key, View value) {
  bson_t handle = borrowed(value);
  bson_append_array(handle_, key.data(), length_of(key), &handle);
  return *this;
}
Document& Document::append_array(std::string_view key, std::span<const View> values) {
  bson_t array;
  bson_append_array_begin(handle_, key.data(), length_of(key), &array);
  for (size_t i = 0; i < values.size(); ++i) {
    std::string position = array_key(i);
    bson_t handle = borrowed(values[i]);
    bson_append_document(&array, position.data(), length_of(position), &handle);
  }
  bson_append_array_end(handle_, &array);
  return *this;
}
Document& Document::append_array(std::string_view key, std::span<const Document> values) {
  return append_array(key, std::vector<View>(values.begin(), values.end()));
}

Document& Document::append(std::string_view key, const Value& value) {
  // libbson appends by type only; an iterator over a one-element document carries any type.
  std::vector<uint8_t> holder(4 + 2 + value.bytes().size() + 1);
  auto size = static_cast<uint32_t>(holder.size());
  std::memcpy(holder.data(), &size, 4);
  holder[4] = static_cast<uint8_t>(value.type());
  std::copy(value.bytes().begin(), value.bytes().end(), holder.begin() + 6);
  bson_iter_t iter;
  if (bson_iter_init_from_data(&iter, holder.data(), holder.size()) && bson_iter_next(&iter)) {
    bson_append_iter(handle_, key.data(), length_of(key), &iter);
  }
  return *this;
}

Document& Document::append_date(std::string_view key, int64_t milliseconds) {
  bson_append_date_time(handle_, key.data(), length_of(key), milliseconds);
  return *this;
}
Document& Document::append_object_id(std::string_view key, std::string_view hex) {
  bson_oid_t oid;
  bson_oid_init_from_string(&oid, std::string(hex).c_str());
  bson_append_oid(handle_, key.data(), length_of(key), &oid);
  return *this;
}
Document& Document::append_binary(std::string_view key, std::span<const uint8_t> bytes,
                                  uint8_t subtype) {
  bson_append_binary(handle_, key.data(), length_of(key), static_cast<bson_subtype_t>(subtype),
                     bytes.data(), static_cast<uint32_t>(bytes.size()));
  return *this;
}
Document& Document::append_null(std::string_view key) {
  bson_append_null(handle_, key.data(), length_of(key));
  return *this;
}
Document& Document::append_timestamp(std::string_view key, uint32_t seconds, uint32_t increment) {
  bson_append_timestamp(handle_, key.data(), length_of(key), seconds, increment);
  return *this;
}
Document& Document::append_regex(std::string_view key, std::string_view pattern,
                                 std::string_view options) {
  bson_append_regex_w_len(handle_, key.data(), length_of(key), pattern.data(), length_of(pattern),
                          std::string(options).c_str());
  return *this;
}
Document& Document::append_min_key(std::string_view key) {
  bson_append_minkey(handle_, key.data(), length_of(key));
  return *this;
}
Document& Document::append_max_key(std::string_view key) {
  bson_append_maxkey(handle_, key.data(), length_of(key));
  return *this;
}
Document& Document::append_undefined(std::string_view key) {
  bson_append_undefined(handle_, key.data(), length_of(key));
  return *this;
}
Document& Document::append_symbol(std::string_view key, std::string_view symbol) {
  bson_append_symbol(handle_, key.data(), length_of(key), symbol.data(), length_of(symbol));
  return *this;
}
Document& Document::append_code(std::string_view key, std::string_view code) {
  bson_append_code(handle_, key.data(), length_of(key), std::string(code).c_str());
  return *this;
}
Document& Document::append_code_with_scope(std::string_view key, std::string_view code,
                                           View scope) {
  bson_t handle = borrowed(scope);
  bson_append_code_with_scope(handle_, key.data(), length_of(key), std::string(code).c_str(),
                              &handle);
  return *this;
}
Document& Document::append_db_pointer(std::string_view key, std::string_view collection,
                                      std::string_view object_id_hex) {
  bson_oid_t oid;
  bson_oid_init_from_string(&oid, std::string(object_id_hex).c_str());
  bson_append_dbpointer(handle_, key.data(), length_of(key), std::string(collection).c_str(), &oid);
  return *this;
}
bool Document::append_decimal128(std::string_view key, std::string_view text) {
  bson_decimal128_t decimal;
  if (!bson_decimal128_from_string(std::string(text).c_str(), &decimal)) return false;
  bson_append_decimal128(handle_, key.data(), length_of(key), &decimal);
  return true;
}
Document& Document::append_all(View other) {
  bson_t handle = borrowed(other);
  bson_concat(handle_, &handle);
  return *this;
}

}  // namespace whimbrel::mongo
