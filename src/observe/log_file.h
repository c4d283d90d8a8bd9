// The log file of one `up` or `down`: everything that was said, with UTC times.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "migration/log_config.h"

namespace whimbrel {

/// Thread-safe. Lines are flushed as they are written, so that a killed process leaves a whole log.
/// A file that has grown to its limit is put aside as FILE.1 (and that as FILE.2, …); after a
/// SIGHUP the next line goes to a file newly opened by that name (base/hangup.h).
class LogFile {
 public:
  /// Creates the file and its directory. kCannotWrite with the path and the reason.
  static Result<LogFile> open(const std::string& path, const LogConfig& limits);
  LogFile(LogFile&&) noexcept;
  LogFile& operator=(LogFile&&) noexcept;
  ~LogFile();

  void write(std::string_view level, std::string_view line);
  /// False once a line could not be written, for instance because the disk is full.
  bool is_complete() const;
  const std::string& path() const { return path_; }

 private:
  struct Impl;
  static Result<LogFile> open_file(const std::string& path, const LogConfig& limits);
  LogFile(std::unique_ptr<Impl> impl, std::string path);
  std::unique_ptr<Impl> impl_;
  std::string path_;
};

/// Whether a process writes the log file that this descriptor reads.
bool log_is_written(int descriptor);

}  // namespace whimbrel
