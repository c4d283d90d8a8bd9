#include "base/compress.h"

#include <doctest/doctest.h>

using namespace whimbrel;

TEST_CASE("a frame gives back what went in, also nothing at all") {
  Compressor compressor;
  for (size_t size : {size_t{0}, size_t{1}, size_t{100'000}}) {
    std::vector<uint8_t> bytes(size);
    for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(i * i >> 3);
    CHECK(decompress(compressor.compress(bytes), 1 << 20).value() == bytes);
  }
}

TEST_CASE("a damaged, cut or oversized frame is refused before it takes memory") {
  Compressor compressor;
  std::vector<uint8_t> frame = compressor.compress(std::vector<uint8_t>(50'000, 7));
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
  auto back = decompress(compressor.compress(zeros), zeros.size());
  REQUIRE(back);
  CHECK(*back == zeros);
}

TEST_CASE("file hashes are what sha256sum prints") {
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}
