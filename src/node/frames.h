// node: the user's own Node.js as a child process, and what it is asked about the user's files.
//
// Frames on the channel between the two (host/frames.js says the same in JavaScript):
//   uint32 size of what follows | uint32 call | uint32 size of head | head, JSON | documents, BSON
// All numbers are little-endian. Call 0 marks an event that nobody asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "mongo/document_list.h"

namespace whimbrel::node {

inline constexpr uint32_t kEvent = 0;
/// A batch of the largest size that a configuration may ask for, and then some.
inline constexpr uint32_t kMostFrameBytes = uint32_t{1} << 30;

struct Frame {
  uint32_t call = kEvent;
  mongo::Document head;
  mongo::DocumentList documents;
};

/// The frame's bytes, its size included.
std::vector<uint8_t> encode(const Frame& frame);

/// Takes bytes as they arrive and gives frames. Nothing is believed: a frame whose sizes do not
/// fit, whose head is no JSON, or whose documents are no BSON is an Error (kFailed), and so is one
/// above kMostFrameBytes; memory grows only with bytes that really arrived.
class FrameReader {
 public:
  void add(std::span<const uint8_t> bytes) {
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  }
  /// The next whole frame; nullopt when more bytes are needed.
  Result<std::optional<Frame>> next();

 private:
  std::vector<uint8_t> buffer_;
};

}  // namespace whimbrel::node
