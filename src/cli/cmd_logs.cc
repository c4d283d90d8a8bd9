// `logs`: the log file of a run, also while it is written.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>

#include "base/stop.h"
#include "cli/commands.h"
#include "observe/log_file.h"

namespace whimbrel {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kBetweenLooks{200};
constexpr int kQuietLooks = 3;  // between two files nobody holds either for a moment

/// Names begin with the time, so that they sort by it.
std::vector<fs::path> log_files(const fs::path& directory) {
  std::vector<fs::path> files;
  std::error_code problem;
  for (const auto& entry : fs::directory_iterator(directory, problem)) {
    std::string name = entry.path().filename();
    if (name.starts_with("whimbrel-") && name.ends_with(".log")) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

Result<fs::path> choose(const fs::path& directory, const std::string& run) {
  std::vector<fs::path> files = log_files(directory);
  if (files.empty()) {
    return Error{ErrorKind::kNotFound, fmt::format("no log file in {}", directory.string()),
                 "`whimbrel up` writes one; another project is chosen with -C DIR"};
  }
  if (run.empty()) return files.back();
  std::vector<fs::path> found;
  for (const fs::path& file : files) {
    std::string stem = file.stem();
    bool meant = stem == run || file.filename() == run || stem.ends_with("-" + run) ||
                 stem.starts_with("whimbrel-" + run + "-");
    if (meant) found.push_back(file);
  }
  if (found.size() == 1) return found.front();
  return Error{ErrorKind::kNotFound,
               fmt::format("{} log files of a run '{}' in {}", found.empty() ? "no" : "several",
                           run, directory.string()),
               "ls " + directory.string()};
}

/// The file that is read; another one takes its name when it is put aside.
class Reading {
 public:
  explicit Reading(std::string path) : path_(std::move(path)) {}
  ~Reading() {
    if (file_ >= 0) close(file_);
  }
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;

  Status open();
  void print_rest();
  /// Goes over to the file that has the name now; false when it is the one that is read.
  bool turn();
  bool is_written() const { return log_is_written(file_); }

 private:
  std::string path_;
  int file_ = -1;
};

Status Reading::open() {
  file_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (file_ >= 0) return {};
  return Error{ErrorKind::kNotFound, "cannot read " + path_, "ls -l " + path_};
}

void Reading::print_rest() {
  std::array<char, 16384> bytes{};
  ssize_t got = 0;
  while ((got = read(file_, bytes.data(), bytes.size())) > 0) {
    std::fwrite(bytes.data(), 1, static_cast<size_t>(got), stdout);
  }
  std::fflush(stdout);
}

bool Reading::turn() {
  struct stat read {
  }, named{};
  if (fstat(file_, &read) != 0 || stat(path_.c_str(), &named) != 0) return false;
  if (read.st_ino == named.st_ino && read.st_dev == named.st_dev) return false;
  int next = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (next < 0) return false;
  print_rest();
  close(file_);
  file_ = next;
  print_rest();
  return true;
}

void follow(Reading& reading) {
  Stop& stop = process_stop();
  int quiet = 0;
  while (quiet < kQuietLooks && stop.sleep(kBetweenLooks) && !std::ferror(stdout)) {
    bool written = reading.is_written();  // before reading: what it wrote last is read then
    reading.print_rest();
    quiet = reading.turn() || written ? 0 : quiet + 1;
  }
}

}  // namespace

Result<int> run_logs(const Arguments& arguments) {
  fs::path directory = fs::path(project_directory(arguments.sources)) / "logs";
  fs::path file = TRY(choose(directory, arguments.run));
  Reading reading(file);
  TRY(reading.open());
  reading.print_rest();
  if (!arguments.follow) return 0;
  follow(reading);
  if (process_stop().requested()) return exit_code(process_stop().error().kind);
  fmt::print(stderr, "the run has ended: {}\n", file.string());
  return 0;
}

}  // namespace whimbrel
