#include "mongo/bson.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

namespace whimbrel::mongo {
namespace {

constexpr uint8_t kEmptyDocument[5] = {5, 0, 0, 0, 0};

template <class T>
T little_endian(std::span<const uint8_t> bytes, size_t at = 0) {
  static_assert(std::endian::native == std::endian::little);
  T value{};
  if (bytes.size() >= at + sizeof(T)) std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}

int length_of(std::string_view text) {
  return static_cast<int>(text.size());
}

bool init_iter(bson_iter_t* iter, View view) {
  return bson_iter_init_from_data(iter, view.bytes().data(), view.size());
}

Value value_at(const bson_iter_t& iter) {
  const uint8_t* start = iter.raw + iter.off;
  std::string_view key(reinterpret_cast<const char*>(iter.raw + iter.key));
  const uint8_t* bytes = start + 1 + key.size() + 1;
  const uint8_t* end = iter.raw + iter.next_off;
  return Value(key, static_cast<Type>(*start), {bytes, static_cast<size_t>(end - bytes)});
}

/// Libbson's writers allocate; the string is copied once and freed here.
std::string take(char* text) {
  std::string copy = text ? text : "";
  bson_free(text);
  return copy;
}

bson_t static_view(View view) {
  bson_t handle;
  if (!bson_init_static(&handle, view.bytes().data(), view.size())) bson_init(&handle);
  return handle;
}

}  // namespace

bool Value::is_number() const {
  return type_ == Type::kInt32 || type_ == Type::kInt64 || type_ == Type::kDouble;
}

int64_t Value::as_int() const {
  switch (type_) {
    case Type::kInt32:
      return little_endian<int32_t>(bytes_);
    case Type::kInt64:
    case Type::kDate:
      return little_endian<int64_t>(bytes_);
    case Type::kBool:
      return bytes_[0];
    case Type::kDouble: {
      double number = little_endian<double>(bytes_);
      if (!(number > -9.2e18 && number < 9.2e18)) return 0;
      return static_cast<int64_t>(number);
    }
    default:
      return 0;
  }
}

double Value::as_double() const {
  return type_ == Type::kDouble ? little_endian<double>(bytes_) : static_cast<double>(as_int());
}

bool Value::as_bool() const {
  return type_ == Type::kBool ? bytes_[0] != 0 : as_double() != 0;
}

std::string_view Value::as_string() const {
  if (type_ != Type::kString && type_ != Type::kSymbol && type_ != Type::kCode) return {};
  return {reinterpret_cast<const char*>(bytes_.data()) + 4, bytes_.size() - 5};
}

View Value::as_document() const {
  return is_document() ? View(bytes_) : View();
}

std::span<const uint8_t> Value::as_binary() const {
  if (type_ != Type::kBinary || bytes_.size() < 5) return {};
  return bytes_.subspan(5);
}

std::string Value::as_object_id() const {
  if (type_ != Type::kObjectId) return {};
  std::string hex;
  for (uint8_t byte : bytes_) fmt::format_to(std::back_inserter(hex), "{:02x}", byte);
  return hex;
}

bool Value::same_bytes(const Value& other) const {
  return type_ == other.type_ && bytes_.size() == other.bytes_.size() &&
         std::memcmp(bytes_.data(), other.bytes_.data(), bytes_.size()) == 0;
}

std::string Value::to_json() const {
  Document holder;
  holder.append("v", *this);
  std::string json = holder.view().to_json();
  // "{ "v" : X }"
  size_t start = json.find(':') + 2;
  return json.substr(start, json.size() - start - 2);
}

View::View() : bytes_(kEmptyDocument) {}

bool View::same_bytes(View other) const {
  return size() == other.size() && std::memcmp(bytes_.data(), other.bytes_.data(), size()) == 0;
}

std::optional<Value> View::find(std::string_view key) const {
  bson_iter_t iter;
  if (!init_iter(&iter, *this)) return std::nullopt;
  if (!bson_iter_find_w_len(&iter, key.data(), length_of(key))) return std::nullopt;
  return value_at(iter);
}

std::optional<Value> View::at_path(std::string_view dotted) const {
  bson_iter_t iter, descendant;
  if (!init_iter(&iter, *this)) return std::nullopt;
  if (!bson_iter_find_descendant(&iter, std::string(dotted).c_str(), &descendant)) {
    return std::nullopt;
  }
  return value_at(descendant);
}

std::vector<Value> View::elements() const {
  std::vector<Value> values;
  bson_iter_t iter;
  if (!init_iter(&iter, *this)) return values;
  while (bson_iter_next(&iter)) values.push_back(value_at(iter));
  return values;
}

size_t View::count() const {
  bson_iter_t iter;
  size_t count = 0;
  if (!init_iter(&iter, *this)) return 0;
  while (bson_iter_next(&iter)) ++count;
  return count;
}

int64_t View::get_int(std::string_view key, int64_t otherwise) const {
  auto value = find(key);
  if (!value) return otherwise;
  bool readable =
      value->is_number() || value->type() == Type::kDate || value->type() == Type::kBool;
  return readable ? value->as_int() : otherwise;
}

std::string View::get_string(std::string_view key) const {
  auto value = find(key);
  return value ? std::string(value->as_string()) : std::string();
}

View View::get_document(std::string_view key) const {
  auto value = find(key);
  return value ? value->as_document() : View();
}

bool View::get_bool(std::string_view key) const {
  auto value = find(key);
  return value && value->as_bool();
}

std::string View::to_json() const {
  bson_t handle = static_view(*this);
  return take(bson_as_canonical_extended_json(&handle, nullptr));
}

std::string View::to_relaxed_json() const {
  bson_t handle = static_view(*this);
  return take(bson_as_relaxed_extended_json(&handle, nullptr));
}

Document::Document() : handle_(new bson_t) {
  bson_init(handle_);
}
Document::Document(View view) : handle_(new bson_t) {
  bson_t borrowed = static_view(view);
  bson_copy_to(&borrowed, handle_);
}
Document::Document(Document&& other) noexcept : Document() {
  std::swap(handle_, other.handle_);
}
Document& Document::operator=(Document other) noexcept {
  std::swap(handle_, other.handle_);
  return *this;
}
Document::~Document() {
  bson_destroy(handle_);
  delete handle_;
}

Result<Document> Document::from_json(std::string_view json) {
  bson_error_t problem;
  Document document;
  if (!bson_init_from_json(document.handle_, json.data(), static_cast<ssize_t>(json.size()),
                           &problem)) {
    bson_init(document.handle_);
    return Error{ErrorKind::kBadMigration, problem.message};
  }
  return document;
}

Result<Document> Document::from_bytes(std::span<const uint8_t> bytes) {
  bson_t handle;
  size_t bad_offset = 0;
  if (!bson_init_static(&handle, bytes.data(), bytes.size()) ||
      !bson_validate(&handle, BSON_VALIDATE_NONE, &bad_offset)) {
    return Error{ErrorKind::kFailed, fmt::format("not valid BSON at byte {}", bad_offset)};
  }
  return Document(View(bytes));
}

View Document::view() const {
  return View({bson_get_data(handle_), handle_->len});
}

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
  bson_t handle = static_view(value);
  bson_append_document(handle_, key.data(), length_of(key), &handle);
  return *this;
}
Document& Document::append(std::string_view key, const Document& value) {
  return append(key, value.view());
}
Document& Document::append_array(std::string_view key, View value) {
  bson_t handle = static_view(value);
  bson_append_array(handle_, key.data(), length_of(key), &handle);
  return *this;
}
Document& Document::append_array(std::string_view key, std::span<const Document> values) {
  Array array;
  for (const Document& value : values) array.add(value);
  return append_array(key, array.view());
}

Document& Document::append(std::string_view key, const Value& value) {
  // libbson appends by type only; an iterator over a one-element document carries any type.
  std::vector<uint8_t> holder(4 + 2 + value.bytes().size() + 1);
  auto size = static_cast<uint32_t>(holder.size());
  std::memcpy(holder.data(), &size, 4);
  holder[4] = static_cast<uint8_t>(value.type());
  std::copy(value.bytes().begin(), value.bytes().end(), holder.begin() + 6);
  bson_iter_t iter;
  if (init_iter(&iter, View(holder)) && bson_iter_next(&iter)) {
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
  bson_t handle = static_view(scope);
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
  bson_t handle = static_view(other);
  bson_concat(handle_, &handle);
  return *this;
}

OwnedValue::OwnedValue(const Value& value)
    : type_(value.type()), bytes_(value.bytes().begin(), value.bytes().end()) {}

Value OwnedValue::value() const {
  return Value("", type_, bytes_);
}

Array& Array::add(View document) {
  items_.append(array_key(size_++), document);
  return *this;
}
Array& Array::add(const Value& value) {
  items_.append(array_key(size_++), value);
  return *this;
}
Array& Array::add(std::string_view text) {
  items_.append(array_key(size_++), text);
  return *this;
}

std::string array_key(size_t position) {
  return std::to_string(position);
}

std::string new_object_id() {
  bson_oid_t oid;
  bson_oid_init(&oid, nullptr);
  char hex[25];
  bson_oid_to_string(&oid, hex);
  return hex;
}

}  // namespace whimbrel::mongo
