#include "observe/log_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <mutex>

#include "base/fault.h"
#include "base/hangup.h"

namespace whimbrel {
namespace {

namespace fs = std::filesystem;

std::string numbered(const std::string& path, int64_t number) {
  return fmt::format("{}.{}", path, number);
}

/// Whoever follows the file sees by the lock that somebody still writes it (log_is_written()).
void mark_as_written(std::FILE* file) {
  int descriptor = fileno(file);
  fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  fcntl(descriptor, F_OFD_SETLK, &lock);
}

}  // namespace

struct LogFile::Impl {
  std::string path;
  LogConfig limits;

  std::mutex mutex;  // guards everything below
  std::shared_ptr<spdlog::logger> logger;
  std::FILE* file = nullptr;  // the sink's: it drops what it cannot flush without a word
  bool complete = true;
  int64_t next_turn = 0;  // size at which the file is put aside
  int hangups_seen = hangups();

  void open();
  void reopen();
  void turn();
};

/// Throws spdlog_ex. The old file, if any, is closed.
void LogFile::Impl::open() {
  spdlog::file_event_handlers events;
  std::FILE* opened = nullptr;
  events.after_open = [&](const spdlog::filename_t&, std::FILE* now) {
    mark_as_written(now);
    opened = now;
  };
  auto sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(path, false, events);
  logger = std::make_shared<spdlog::logger>("whimbrel", sink);
  logger->set_formatter(std::make_unique<spdlog::pattern_formatter>(
      "%Y-%m-%dT%H:%M:%S.%eZ %v", spdlog::pattern_time_type::utc));
  logger->flush_on(spdlog::level::trace);
  // A disk that fills up later must not end the run.
  logger->set_error_handler([](const std::string&) {});
  file = opened;
  next_turn = limits.max_size;
}

/// Goes on with the old file where no new one can be made.
void LogFile::Impl::reopen() {
  try {
    open();
  } catch (const spdlog::spdlog_ex&) {
    next_turn += limits.max_size;
  }
}

/// Puts the file aside as FILE.1, FILE.1 as FILE.2, and so on.
void LogFile::Impl::turn() {
  std::error_code problem;
  fs::remove(numbered(path, limits.keep), problem);
  for (int64_t number = limits.keep - 1; number > 0; --number) {
    fs::rename(numbered(path, number), numbered(path, number + 1), problem);
  }
  if (limits.keep > 0) fs::rename(path, numbered(path, 1), problem);
  else fs::remove(path, problem);
  reopen();
}

LogFile::LogFile(std::unique_ptr<Impl> impl, std::string path)
    : impl_(std::move(impl)), path_(std::move(path)) {}
LogFile::LogFile(LogFile&&) noexcept = default;
LogFile& LogFile::operator=(LogFile&&) noexcept = default;
LogFile::~LogFile() = default;

Result<LogFile> LogFile::open(const std::string& path, const LogConfig& limits) {
  return with_faults([] { return "log file"; }, [&] { return open_file(path, limits); });
}

Result<LogFile> LogFile::open_file(const std::string& path, const LogConfig& limits) {
  auto cannot = [&](const std::string& why) {
    return Error{
        ErrorKind::kCannotWrite, fmt::format("cannot write the log file {}: {}", path, why),
        "make the directory writable, or choose another file: whimbrel up --log-file FILE"};
  };
  std::error_code problem;
  fs::path parent = fs::path(path).parent_path();
  if (!parent.empty()) fs::create_directories(parent, problem);
  if (problem) return cannot(problem.message());
  count_hangups();
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  impl->limits = limits;
  try {
    impl->open();
  } catch (const spdlog::spdlog_ex& error) {
    return cannot(error.what());
  }
  return LogFile(std::move(impl), path);
}

void LogFile::write(std::string_view level, std::string_view line) {
  std::lock_guard guard(impl_->mutex);
  if (int now = hangups(); now != impl_->hangups_seen) {
    impl_->hangups_seen = now;
    impl_->reopen();
  }
  impl_->logger->info("{} {}", level, line);
  if (std::ferror(impl_->file)) impl_->complete = false;
  if (std::ftell(impl_->file) >= impl_->next_turn) impl_->turn();
}

bool LogFile::is_complete() const {
  std::lock_guard guard(impl_->mutex);
  return impl_->complete;
}

bool log_is_written(int descriptor) {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return fcntl(descriptor, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

}  // namespace whimbrel
