#include "observe/log_file.h"

#include <fmt/format.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <cstdio>
#include <filesystem>

#include "base/fault.h"

namespace whimbrel {

struct LogFile::Impl {
  std::shared_ptr<spdlog::logger> logger;
  std::atomic<bool> complete{true};
  std::FILE* file = nullptr;  // the sink's: it drops what it cannot flush without a word
};

LogFile::LogFile(std::unique_ptr<Impl> impl, std::string path)
    : impl_(std::move(impl)), path_(std::move(path)) {}
LogFile::LogFile(LogFile&&) noexcept = default;
LogFile& LogFile::operator=(LogFile&&) noexcept = default;
LogFile::~LogFile() = default;

Result<LogFile> LogFile::open(const std::string& path) {
  return with_faults([] { return "log file"; }, [&] { return open_file(path); });
}

Result<LogFile> LogFile::open_file(const std::string& path) {
  auto cannot = [&](const std::string& why) {
    return Error{
        ErrorKind::kCannotWrite, fmt::format("cannot write the log file {}: {}", path, why),
        "make the directory writable, or choose another file: whimbrel up --log-file FILE"};
  };
  std::error_code problem;
  std::filesystem::path parent = std::filesystem::path(path).parent_path();
  if (!parent.empty()) std::filesystem::create_directories(parent, problem);
  if (problem) return cannot(problem.message());
  try {
    auto impl = std::make_unique<Impl>();
    spdlog::file_event_handlers events;
    events.after_open = [&](const spdlog::filename_t&, std::FILE* file) { impl->file = file; };
    auto sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(path, false, events);
    impl->logger = std::make_shared<spdlog::logger>("whimbrel", sink);
    impl->logger->set_formatter(std::make_unique<spdlog::pattern_formatter>(
        "%Y-%m-%dT%H:%M:%S.%eZ %v", spdlog::pattern_time_type::utc));
    impl->logger->flush_on(spdlog::level::trace);
    // A disk that fills up later must not end the run.
    impl->logger->set_error_handler([](const std::string&) {});
    return LogFile(std::move(impl), path);
  } catch (const spdlog::spdlog_ex& error) {
    return cannot(error.what());
  }
}

void LogFile::write(std::string_view level, std::string_view line) {
  impl_->logger->info("{} {}", level, line);
  if (std::ferror(impl_->file)) impl_->complete = false;
}

bool LogFile::is_complete() const {
  return impl_->complete;
}

}  // namespace whimbrel
