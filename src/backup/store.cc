#include "backup/store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "backup/output.h"

namespace whimbrel::backup {
namespace {

namespace fs = std::filesystem;

/// The opened and locked file or folder; -1 when another process has it or it does not exist.
int open_locked(const std::string& path) {
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file >= 0 && flock(file, LOCK_EX | LOCK_NB) != 0) close(std::exchange(file, -1));
  return file;
}

bool exists(const std::string& path) {
  std::error_code ignored;
  return fs::exists(fs::symlink_status(path, ignored));
}

std::string parent_of(const std::string& path) {
  std::string parent = fs::path(path).parent_path();
  return parent.empty() ? "." : parent;
}

Status make_parent(const std::string& path) {
  std::error_code problem;
  fs::create_directories(parent_of(path), problem);
  return problem ? cannot_write("creating", parent_of(path), problem.value()) : Status();
}

Status remove(const std::string& path) {
  std::error_code problem;
  fs::remove_all(path, problem);
  return problem ? cannot_write("removing", path, problem.value()) : Status();
}

Status remove_left_over(const std::string& partial) {
  if (!exists(partial)) return {};
  int lock = open_locked(partial);
  if (lock < 0) {
    return Error{ErrorKind::kLockHeld,
                 fmt::format("another process is writing a backup to {}", partial),
                 "wait for it, or name another place with --out or --archive"};
  }
  Status removed = remove(partial);
  close(lock);
  return removed;
}

Status check_free(const std::string& path) {
  std::error_code ignored;
  if (!exists(path) || (fs::is_directory(path, ignored) && fs::is_empty(path, ignored))) return {};
  return Error{ErrorKind::kCannotWrite, fmt::format("{} is there already", path),
               "name another place with --out or --archive, or move it away"};
}

StoredBackup read_stored(const std::string& path, const std::string& manifest) {
  StoredBackup stored{.path = path, .complete = true};
  auto read = read_manifest(manifest);
  if (read) stored.manifest = std::move(*read);
  else stored.problem = read.error().message;
  return stored;
}

StoredBackup unfinished(const std::string& path) {
  StoredBackup stored{.path = path};
  int lock = open_locked(path);
  stored.in_use = lock < 0;
  if (lock >= 0) close(lock);
  return stored;
}

std::optional<StoredBackup> stored_at(const fs::directory_entry& entry) {
  std::string path = entry.path();
  if (path.ends_with(kPartialSuffix)) return unfinished(path);
  std::string manifest = manifest_path(path);
  if (path.ends_with(kSidecarSuffix) || !exists(manifest)) return std::nullopt;
  return read_stored(path, manifest);
}

bool older(const StoredBackup& a, const StoredBackup& b) {
  int64_t of_a = a.manifest ? a.manifest->finished_at : 0;
  int64_t of_b = b.manifest ? b.manifest->finished_at : 0;
  return of_a != of_b ? of_a < of_b : a.path < b.path;
}

}  // namespace

Partial::Partial(std::string path, int lock)
    : path_(std::move(path)), partial_(path_ + std::string(kPartialSuffix)), lock_(lock) {}

Partial::Partial(Partial&& other) noexcept
    : path_(std::move(other.path_)),
      partial_(std::exchange(other.partial_, "")),
      lock_(std::exchange(other.lock_, -1)) {}

Partial::~Partial() {
  if (!partial_.empty()) (void)remove(partial_);
  if (lock_ >= 0) close(lock_);
}

Result<Partial> Partial::folder(const std::string& path) {
  TRY(check_free(path));
  TRY(make_parent(path));
  Partial partial(path, -1);
  std::string name = std::exchange(partial.partial_, "");
  TRY(remove_left_over(name));
  std::error_code problem;
  fs::create_directory(name, problem);
  if (problem) return cannot_write("creating", name, problem.value());
  partial.partial_ = name;
  partial.lock_ = open_locked(name);
  return partial;
}

Result<Partial> Partial::file(const std::string& path) {
  TRY(check_free(path));
  TRY(make_parent(path));
  TRY(remove_left_over(path + std::string(kPartialSuffix)));
  return Partial(path, -1);
}

Status Partial::complete() {
  if (::rename(partial_.c_str(), path_.c_str()) != 0) {
    return cannot_write("renaming " + partial_ + " to", path_, errno);
  }
  partial_.clear();
  return sync_directory(parent_of(path_));
}

Result<std::vector<StoredBackup>> list_backups(const std::string& folder) {
  std::vector<StoredBackup> found;
  std::error_code problem;
  if (!fs::is_directory(folder, problem)) return found;
  for (const auto& entry : fs::directory_iterator(folder, problem)) {
    if (auto stored = stored_at(entry)) found.push_back(std::move(*stored));
  }
  if (problem) {
    return Error{ErrorKind::kNotFound, fmt::format("reading {}: {}", folder, problem.message()),
                 "ls -ld " + folder};
  }
  std::sort(found.begin(), found.end(), older);
  return found;
}

Result<std::vector<std::string>> prune_backups(const std::string& folder,
                                               const std::string& database, int64_t now,
                                               std::chrono::milliseconds keep, bool dry_run) {
  std::vector<StoredBackup> all = TRY(list_backups(folder));
  std::string newest;
  for (const StoredBackup& stored : all) {
    if (stored.manifest && stored.manifest->database == database) newest = stored.path;
  }
  std::vector<std::string> removed;
  for (const StoredBackup& stored : all) {
    bool left_over = !stored.complete && !stored.in_use;
    bool old = stored.manifest && stored.manifest->database == database && stored.path != newest &&
               now - stored.manifest->finished_at > keep.count();
    if (!left_over && !old) continue;
    removed.push_back(stored.path);
    if (dry_run) continue;
    // An unfinished name first: cut off here, it is a left-over and no backup.
    std::string path = stored.path;
    if (old && ::rename(path.c_str(), (path + std::string(kPartialSuffix)).c_str()) == 0) {
      path += kPartialSuffix;
    }
    TRY(remove(path));
    if (old && stored.manifest->archive) TRY(remove(manifest_path(stored.path)));
  }
  return removed;
}

Status write_new_file(const std::string& path, const std::string& text) {
  Output output = TRY(Output::create(path));
  TRY(output.write(bytes_of(text)));
  return output.finish();
}

std::string manifest_path(const std::string& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) return path + "/" + std::string(kManifestName);
  return path + std::string(kSidecarSuffix);
}

}  // namespace whimbrel::backup
