#include "backup/checksum.h"

#include <openssl/evp.h>

#include <array>
#include <cstring>

#include "base/text.h"

namespace whimbrel::backup {
namespace {

using Table = std::array<std::array<uint64_t, 256>, 8>;

/// Eight bytes a step ("slicing by 8"): table k has the effect of a byte with k bytes behind it.
constexpr Table make_tables() {
  constexpr uint64_t kPolynomial = 0xC96C5795D7870F42;
  Table tables{};
  for (uint64_t byte = 0; byte < 256; ++byte) {
    uint64_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc & 1 ? crc >> 1 ^ kPolynomial : crc >> 1;
    tables[0][byte] = crc;
  }
  for (size_t k = 1; k < 8; ++k) {
    for (size_t byte = 0; byte < 256; ++byte) {
      uint64_t before = tables[k - 1][byte];
      tables[k][byte] = tables[0][before & 0xFF] ^ before >> 8;
    }
  }
  return tables;
}

constexpr Table kTables = make_tables();

}  // namespace

void Crc64::add(std::span<const uint8_t> bytes) {
  uint64_t crc = state_;
  size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, 8);
    crc ^= word;
    uint64_t next = 0;
    for (size_t k = 0; k < 8; ++k) next ^= kTables[7 - k][crc >> (8 * k) & 0xFF];
    crc = next;
  }
  for (; at < bytes.size(); ++at) crc = kTables[0][(crc ^ bytes[at]) & 0xFF] ^ crc >> 8;
  state_ = crc;
}

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~State() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr);
}
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::add(std::span<const uint8_t> bytes) {
  EVP_DigestUpdate(state_->context, bytes.data(), bytes.size());
}

std::string Sha256::finish() {
  std::array<uint8_t, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_DigestFinal_ex(state_->context, digest.data(), &size);
  return hex_text(std::span(digest).first(size));
}

}  // namespace whimbrel::backup
