// backup: a database as files and files as a database, in the formats of mongodump 100.x.
//
// The checksums of a backup: CRC-64/XZ inside archives, SHA-256 in manifests.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace whimbrel::backup {

/// CRC-64/XZ, which an archive keeps of each collection's documents. Of nothing it is 0.
class Crc64 {
 public:
  void add(std::span<const uint8_t> bytes);
  uint64_t value() const { return ~state_; }

 private:
  uint64_t state_ = ~uint64_t{0};
};

/// SHA-256 of what is added piece by piece.
class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  ~Sha256();
  void add(std::span<const uint8_t> bytes);
  /// Lower-case hex of everything so far; nothing may be added afterwards.
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace whimbrel::backup
