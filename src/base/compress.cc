#include "base/compress.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <zstd.h>

#include <array>
#include <memory>

namespace whimbrel {

Compressor::Compressor() : context_(ZSTD_createCCtx()) {}
Compressor::~Compressor() {
  ZSTD_freeCCtx(static_cast<ZSTD_CCtx*>(context_));
}

std::vector<uint8_t> Compressor::compress(std::span<const uint8_t> bytes) {
  size_t most = ZSTD_compressBound(bytes.size());
  auto room = std::make_unique_for_overwrite<uint8_t[]>(most);
  size_t size = ZSTD_compressCCtx(static_cast<ZSTD_CCtx*>(context_), room.get(), most, bytes.data(),
                                  bytes.size(), 1);
  return {room.get(), room.get() + size};
}

// A block of 128 KiB takes 4 bytes at the least; what claims to hold more is not worth its memory.
constexpr size_t kMostRatio = (128 << 10) / 4;

Result<std::vector<uint8_t>> decompress(std::span<const uint8_t> frame, size_t limit) {
  unsigned long long size = ZSTD_getFrameContentSize(frame.data(), frame.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size > limit ||
      size / kMostRatio > frame.size()) {
    return Error{ErrorKind::kFailed, "not a whole zstd frame of a known, bearable size"};
  }
  std::vector<uint8_t> bytes(size);
  size_t written = ZSTD_decompress(bytes.data(), bytes.size(), frame.data(), frame.size());
  if (ZSTD_isError(written) || written != size) {
    return Error{ErrorKind::kFailed,
                 fmt::format("damaged zstd frame: {}", ZSTD_getErrorName(written))};
  }
  return bytes;
}

std::string sha256_hex(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr);
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) {
    fmt::format_to(std::back_inserter(hex), "{:02x}", digest[i]);
  }
  return hex;
}

}  // namespace whimbrel
