// Files of a backup while they are read, compressed or not.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"

namespace whimbrel::backup {

/// kBadMigration: "FILE, byte N: what is wrong". Positions count uncompressed bytes.
Error damaged(const std::string& path, int64_t at, const std::string& what);

/// Reads from front to back; whether the content is gzip is seen from its first bytes. Memory: two
/// buffers of 256 KiB. Not thread-safe.
class Input {
 public:
  /// kNotFound when it cannot be opened.
  static Result<Input> open(const std::string& path);
  Input(Input&&) noexcept;
  ~Input();

  /// Fills `room` as far as there is content: less than its size only at the end. kBadMigration for
  /// gzip that is damaged or cut off.
  Result<size_t> read(std::span<uint8_t> room);
  /// Exactly `room`; kBadMigration with `what` when the file ends before.
  Status read_exactly(std::span<uint8_t> room, const std::string& what);

  int64_t at() const;  ///< uncompressed bytes read so far
  const std::string& path() const;
  bool is_gzip() const;
  /// Lower-case hex of the file as it lies there; reads what is left of it.
  Result<std::string> finish_sha256();

 private:
  struct State;
  explicit Input(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// The whole content of a file that is known to be small: at most `limit` bytes, else
/// kBadMigration.
Result<std::string> read_small_file(const std::string& path, size_t limit);

}  // namespace whimbrel::backup
