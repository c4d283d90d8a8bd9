// Files of a backup while they are written.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "backup/checksum.h"
#include "base/result.h"

namespace whimbrel::backup {

using Pieces = std::span<const std::span<const uint8_t>>;

std::span<const uint8_t> bytes_of(std::string_view text);

/// `pieces`, one behind the other, as one gzip member; members behind each other are a gzip file.
std::vector<uint8_t> gzip_member(Pieces pieces);

/// kCannotWrite: what failed, on which file, and why (errno).
Error cannot_write(const std::string& doing, const std::string& path, int problem);

/// Makes what was renamed or created in it last.
Status sync_directory(const std::string& path);

/// A file that is written from front to back. Not thread-safe. Closed by its destructor.
class Output {
 public:
  /// A new file; one that is there already is an Error.
  static Result<Output> create(const std::string& path);
  /// Opens what is no regular file, as a pipe.
  static Result<Output> open_special(const std::string& path);
  static Output standard();  ///< stdout
  Output(Output&& other) noexcept;
  Output& operator=(Output&&) = delete;
  ~Output();

  Status write(std::span<const uint8_t> bytes);
  /// On the disk when it returns.
  Status finish();
  /// Taken by this process until the file is closed; false when another has it.
  bool lock();

  int64_t bytes() const { return bytes_; }
  /// Of all that was written; after finish().
  const std::string& sha256() const { return sha256_; }
  const std::string& path() const { return path_; }

 private:
  Output(std::string path, int file, bool regular)
      : path_(std::move(path)), file_(file), regular_(regular) {}
  Status write_all(std::span<const uint8_t> bytes);
  std::string path_;
  int file_;
  bool regular_;
  int64_t bytes_ = 0;
  Sha256 hash_;
  std::string sha256_;
};

}  // namespace whimbrel::backup
