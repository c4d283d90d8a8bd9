#include "base/compress.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <zstd.h>

#include <array>
#include <memory>
#include <utility>

#include "base/text.h"

namespace whimbrel {
namespace {

class PartedFrame {
 public:
  PartedFrame(ZSTD_CCtx* context, Compressor::Pieces pieces, size_t part_bytes,
              const Compressor::TakePart& take)
      : context_(context),
        take_(take),
        room_(std::make_unique_for_overwrite<uint8_t[]>(part_bytes)),
        out_{room_.get(), part_bytes, 0} {
    size_t total = 0;
    for (std::span<const uint8_t> piece : pieces) total += piece.size();
    ZSTD_CCtx_reset(context_, ZSTD_reset_session_only);
    ZSTD_CCtx_setParameter(context_, ZSTD_c_compressionLevel, 1);
    ZSTD_CCtx_setPledgedSrcSize(context_, total);
  }

  Status put(std::span<const uint8_t> piece, ZSTD_EndDirective directive) {
    ZSTD_inBuffer in{piece.data(), piece.size(), 0};
    while (true) {
      size_t left = ZSTD_compressStream2(context_, &out_, &in, directive);
      if (ZSTD_isError(left)) {
        return Error{ErrorKind::kFailed, fmt::format("zstd: {}", ZSTD_getErrorName(left))};
      }
      if (out_.pos == out_.size) TRY(hand_out());
      bool done = directive == ZSTD_e_end ? left == 0 : in.pos == in.size;
      if (done) return {};
    }
  }

  Status end() {
    TRY(put({}, ZSTD_e_end));
    return out_.pos > 0 ? hand_out() : Status();
  }

 private:
  Status hand_out() {
    size_t size = std::exchange(out_.pos, 0);
    return take_({room_.get(), size});
  }

  ZSTD_CCtx* context_;
  const Compressor::TakePart& take_;
  std::unique_ptr<uint8_t[]> room_;
  ZSTD_outBuffer out_;
};

}  // namespace

Compressor::Compressor() : context_(ZSTD_createCCtx()) {}
Compressor::~Compressor() {
  ZSTD_freeCCtx(static_cast<ZSTD_CCtx*>(context_));
}

Status Compressor::compress(Pieces pieces, size_t part_bytes, const TakePart& take) {
  PartedFrame frame(static_cast<ZSTD_CCtx*>(context_), pieces, part_bytes, take);
  for (std::span<const uint8_t> piece : pieces) TRY(frame.put(piece, ZSTD_e_continue));
  return frame.end();
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
  return hex_text(std::span(digest).first(size));
}

}  // namespace whimbrel
