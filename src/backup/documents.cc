#include "backup/documents.h"

#include <fmt/format.h>

#include <cstring>

#include "backup/nesting.h"
#include "mongo/bson.h"

namespace whimbrel::backup {

Status append_document(Input& input, int32_t length, int64_t start, Look look,
                       std::vector<uint8_t>& buffer) {
  if (length < 5 || length > kLongestDocument) {
    return damaged(input.path(), start, fmt::format("no document is {} bytes long", length));
  }
  size_t before = buffer.size();
  buffer.resize(before + static_cast<size_t>(length));
  std::span<uint8_t> document(buffer.data() + before, static_cast<size_t>(length));
  std::memcpy(document.data(), &length, sizeof length);
  TRY(input.read_exactly(document.subspan(sizeof length),
                         fmt::format("the document that begins at {} is cut off", start)));
  if (document.back() != 0) return damaged(input.path(), start, "the document has no end");
  if (look == Look::kLengths) return {};
  Nesting nesting = nesting_of(document);
  if (nesting == Nesting::kBroken) return damaged(input.path(), start, "this is no valid document");
  if (nesting == Nesting::kTooDeep) {
    return damaged(input.path(), start, "the document is nested deeper than a server allows");
  }
  Status whole = mongo::check_bson(document);
  return whole ? Status() : damaged(input.path(), start, whole.error().message);
}

}  // namespace whimbrel::backup
