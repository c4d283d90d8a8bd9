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

/// X of `{ "v" : X }`.
std::string only_value(const std::string& json) {
  size_t start = json.find(':') + 2;
  return json.substr(start, json.size() - start - 2);
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

std::string Value::map_key() const {
  std::string key(1, static_cast<char>(type_));
  key.append(reinterpret_cast<const char*>(bytes_.data()), bytes_.size());
  return key;
}

std::string Value::to_json() const {
  Document holder;
  holder.append("v", *this);
  return only_value(holder.view().to_json());
}

std::string Value::to_relaxed_json() const {
  Document holder;
  holder.append("v", *this);
  return only_value(holder.view().to_relaxed_json());
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

std::span<const uint8_t> View::raw(const Value& first, const Value& last) {
  const uint8_t* start = reinterpret_cast<const uint8_t*>(first.key().data()) - 1;
  const uint8_t* end = last.bytes().data() + last.bytes().size();
  return {start, static_cast<size_t>(end - start)};
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

Status check_bson(std::span<const uint8_t> bytes) {
  bson_t handle;
  size_t bad_offset = 0;
  bool valid = bson_init_static(&handle, bytes.data(), bytes.size()) &&
               bson_validate(&handle, BSON_VALIDATE_NONE, &bad_offset);
  if (valid) return {};
  return Error{ErrorKind::kFailed, fmt::format("not valid BSON at byte {}", bad_offset)};
}

Result<Document> Document::from_bytes(std::span<const uint8_t> bytes) {
  TRY(check_bson(bytes));
  return Document(View(bytes));
}

View Document::view() const {
  return View({bson_get_data(handle_), handle_->len});
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
