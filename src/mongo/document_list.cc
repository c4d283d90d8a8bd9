#include "mongo/document_list.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstring>

namespace whimbrel::mongo {

void DocumentList::add(View document) {
  bytes_.insert(bytes_.end(), document.bytes().begin(), document.bytes().end());
  ends_.push_back(bytes_.size());
}

void DocumentList::drop_last() {
  ends_.pop_back();
  bytes_.resize(ends_.empty() ? 0 : ends_.back());
}

View DocumentList::operator[](size_t position) const {
  size_t start = position == 0 ? 0 : ends_[position - 1];
  return View(std::span(bytes_).subspan(start, ends_[position] - start));
}

std::vector<View> DocumentList::views() const {
  std::vector<View> views;
  views.reserve(size());
  for (size_t i = 0; i < size(); ++i) views.push_back((*this)[i]);
  return views;
}

Result<DocumentList> DocumentList::from_bytes(std::vector<uint8_t> bytes) {
  DocumentList list;
  for (size_t at = 0; at < bytes.size();) {
    uint32_t size = 0;
    if (bytes.size() - at >= 5) std::memcpy(&size, bytes.data() + at, sizeof size);
    if (size < 5 || size > bytes.size() - at) {
      return Error{ErrorKind::kFailed, "a document is cut off"};
    }
    TRY(check_bson(std::span(bytes).subspan(at, size)));
    at += size;
    list.ends_.push_back(at);
  }
  list.bytes_ = std::move(bytes);
  return list;
}

Digest digest_of(View document) {
  XXH128_hash_t hash = XXH3_128bits(document.bytes().data(), document.size());
  return {hash.high64, hash.low64};
}

}  // namespace whimbrel::mongo
