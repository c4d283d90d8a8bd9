#include "node/frames.h"

#include <fmt/format.h>

#include <cstring>

namespace whimbrel::node {
namespace {

constexpr size_t kSizeBytes = 4;
constexpr size_t kPrefixBytes = 12;

void put(std::vector<uint8_t>& bytes, uint32_t number) {
  for (int shift = 0; shift < 32; shift += 8)
    bytes.push_back(static_cast<uint8_t>(number >> shift));
}

uint32_t get(std::span<const uint8_t> bytes, size_t at) {
  uint32_t number = 0;
  for (size_t i = 0; i < 4; ++i) number |= static_cast<uint32_t>(bytes[at + i]) << (8 * i);
  return number;
}

Error malformed(std::string_view what) {
  return Error{ErrorKind::kFailed, fmt::format("the Node host sent {}", what),
               "does something in the project write to file descriptor 3?"};
}

Result<Frame> decode(std::span<const uint8_t> body) {
  Frame frame;
  frame.call = get(body, 0);
  uint32_t head_size = get(body, 4);
  if (head_size > body.size() - 8) return malformed("a frame whose head is longer than itself");
  std::string_view head(reinterpret_cast<const char*>(body.data()) + 8, head_size);
  auto parsed = mongo::Document::from_json(head);
  if (!parsed) return malformed("a frame whose head is no JSON object");
  frame.head = std::move(*parsed);
  std::span<const uint8_t> rest = body.subspan(8 + head_size);
  auto documents = mongo::DocumentList::from_bytes({rest.begin(), rest.end()});
  if (!documents) return malformed("a frame with documents that are no BSON");
  frame.documents = std::move(*documents);
  return frame;
}

}  // namespace

std::vector<uint8_t> encode(const Frame& frame) {
  std::string head = frame.head.view().to_relaxed_json();
  std::span<const uint8_t> documents = frame.documents.bytes();
  std::vector<uint8_t> bytes;
  bytes.reserve(kPrefixBytes + head.size() + documents.size());
  put(bytes, static_cast<uint32_t>(kPrefixBytes - kSizeBytes + head.size() + documents.size()));
  put(bytes, frame.call);
  put(bytes, static_cast<uint32_t>(head.size()));
  bytes.insert(bytes.end(), head.begin(), head.end());
  bytes.insert(bytes.end(), documents.begin(), documents.end());
  return bytes;
}

Result<std::optional<Frame>> FrameReader::next() {
  if (buffer_.size() < kSizeBytes) return std::optional<Frame>();
  uint32_t size = get(buffer_, 0);
  if (size < kPrefixBytes - kSizeBytes || size > kMostFrameBytes) {
    return malformed("a frame of an impossible size");
  }
  if (buffer_.size() < kSizeBytes + size) return std::optional<Frame>();
  auto frame = decode(std::span<const uint8_t>(buffer_).subspan(kSizeBytes, size));
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(kSizeBytes + size));
  return std::optional<Frame>(TRY(std::move(frame)));
}

}  // namespace whimbrel::node
