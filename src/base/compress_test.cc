#include "base/compress.h"

#include <doctest/doctest.h>

#include <random>

using namespace whimbrel;

namespace {

std::vector<uint8_t> frame_of(Compressor& compressor, const std::vector<uint8_t>& bytes) {
  std::span<const uint8_t> piece(bytes);
  std::vector<uint8_t> frame;
  auto whole = compressor.compress({&piece, 1}, 1 << 20, [&](std::span<const uint8_t> part) {
    frame.insert(frame.end(), part.begin(), part.end());
    return Status();
  });
  REQUIRE(whole);
  return frame;
}

}  // namespace

TEST_CASE("a frame gives back what went in, also nothing at all") {
  Compressor compressor;
  for (size_t size : {size_t{0}, size_t{1}, size_t{100'000}}) {
    std::vector<uint8_t> bytes(size);
    for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(i * i >> 3);
    CHECK(decompress(frame_of(compressor, bytes), 1 << 20).value() == bytes);
  }
}

TEST_CASE(
    "a frame of many pieces comes in full parts, whatever their sizes, and ends with a shorter "
    "one") {
  Compressor compressor;
  std::minstd_rand random(7);
  std::vector<uint8_t> bytes(300'000);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random() >> 8);
  std::vector<std::span<const uint8_t>> pieces;
  for (size_t at = 0; at < bytes.size();) {
    size_t size = std::min<size_t>(random() % 5'000, bytes.size() - at);
    pieces.push_back(std::span(bytes).subspan(at, size));
    at += size;
  }
  for (size_t part_bytes : {size_t{1}, size_t{1000}, size_t{65'536}, size_t{1} << 20}) {
    CAPTURE(part_bytes);
    std::vector<uint8_t> frame;
    bool ended = false;
    REQUIRE(compressor.compress(pieces, part_bytes, [&](std::span<const uint8_t> part) {
      CHECK_FALSE(ended);
      CHECK(part.size() <= part_bytes);
      ended = part.size() < part_bytes;
      frame.insert(frame.end(), part.begin(), part.end());
      return Status();
    }));
    CHECK(decompress(frame, 1 << 20).value() == bytes);
  }
}

TEST_CASE("making a frame ends with the first error of whoever takes its parts") {
  Compressor compressor;
  std::vector<uint8_t> bytes(100'000);
  std::span<const uint8_t> piece(bytes);
  int calls = 0;
  Status made = compressor.compress({&piece, 1}, 4, [&](std::span<const uint8_t>) {
    ++calls;
    return Status(Error{ErrorKind::kFailed, "no room"});
  });
  CHECK_FALSE(made);
  CHECK(calls == 1);
  CHECK(decompress(frame_of(compressor, bytes), 1 << 20).value() == bytes);
}

TEST_CASE("a damaged, cut or oversized frame is refused before it takes memory") {
  Compressor compressor;
  std::vector<uint8_t> frame = frame_of(compressor, std::vector<uint8_t>(50'000, 7));
  CHECK_FALSE(decompress(frame, 49'999));
  std::vector<uint8_t> cut(frame.begin(), frame.end() - 1);
  CHECK_FALSE(decompress(cut, 1 << 20));
  CHECK_FALSE(decompress(std::vector<uint8_t>{1, 2, 3}, 1 << 20));
}

TEST_CASE("a frame that claims more than its length can hold takes no memory") {
  std::vector<uint8_t> claims = {0x28, 0xB5, 0x2F, 0xFD, 0xA0, 0, 0, 0, 0x3F, 1, 0, 0};
  auto refused = decompress(claims, size_t{1} << 30);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message == "not a whole zstd frame of a known, bearable size");
}

TEST_CASE("the most compressible of all contents comes back") {
  std::vector<uint8_t> zeros(64 << 20);
  Compressor compressor;
  auto back = decompress(frame_of(compressor, zeros), zeros.size());
  REQUIRE(back);
  CHECK(*back == zeros);
}

TEST_CASE("file hashes are what sha256sum prints") {
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}
