// Writes BSON from pieces of other BSON, without looking into them.
#pragma once

#include <string_view>
#include <vector>

#include "mongo/bson.h"

namespace whimbrel::mongo {

/// Appends one document to `out`, piece by piece. Nothing is checked: what is put must be whole
/// elements, and each begin() has its end().
class RawWriter {
 public:
  explicit RawWriter(std::vector<uint8_t>& out) : out_(out) {}

  void begin();                                  ///< the document itself
  void begin(Type type, std::string_view name);  ///< a document or an array in it
  void end();

  /// Elements as they stand in another document.
  void put(std::span<const uint8_t> elements) {
    out_.insert(out_.end(), elements.begin(), elements.end());
  }
  /// All elements of a document.
  void put_fields(View document) { put(document.bytes().subspan(4, document.size() - 5)); }
  void put(std::string_view name, Type type, std::span<const uint8_t> value);
  void put(std::string_view name, const Value& value) { put(name, value.type(), value.bytes()); }
  void put(std::string_view name, View document) { put(name, Type::kDocument, document.bytes()); }

 private:
  std::vector<uint8_t>& out_;
  std::vector<size_t> starts_;
};

}  // namespace whimbrel::mongo
