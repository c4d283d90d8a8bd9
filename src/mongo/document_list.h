// Many documents in one buffer: what a batch holds and what a journal frame compresses.
#pragma once

#include <vector>

#include "mongo/bson.h"

namespace whimbrel::mongo {

class DocumentList {
 public:
  /// Room for so many bytes without copying on the way.
  void reserve(size_t bytes) { bytes_.reserve(bytes); }
  void add(View document);
  void drop_last();
  size_t size() const { return ends_.size(); }
  bool empty() const { return ends_.empty(); }
  View operator[](size_t position) const;
  /// All documents, one behind the other.
  std::span<const uint8_t> bytes() const { return bytes_; }

  /// Each of them; borrows.
  std::vector<View> views() const;

  /// Splits concatenated BSON, which becomes the list's own; refuses bytes that are not whole,
  /// valid documents.
  static Result<DocumentList> from_bytes(std::vector<uint8_t> bytes);

 private:
  std::vector<uint8_t> bytes_;
  std::vector<size_t> ends_;
};

/// XXH3-128 of a document's bytes: tells whether it still is what it was. Not for secrets.
struct Digest {
  uint64_t high = 0;
  uint64_t low = 0;
  bool operator==(const Digest&) const = default;
};
Digest digest_of(View document);

}  // namespace whimbrel::mongo
