#include "flow/new_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "base/text.h"

namespace whimbrel {

Status write_new_file(const std::string& path, const std::string& content) {
  int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  int problem = errno;
  if (file < 0 && problem == EEXIST) {
    return Error{ErrorKind::kCannotWrite, fmt::format("{} exists already", path),
                 "wait a second, or choose another description"};
  }
  bool good = file >= 0 &&
              write(file, content.data(), content.size()) == static_cast<ssize_t>(content.size());
  if (file >= 0 && !good) problem = errno;
  if (file >= 0) close(file);
  if (good) return {};
  return Error{ErrorKind::kCannotWrite,
               fmt::format("cannot write {}: {}", path, std::strerror(problem)),
               "check the directory"};
}

std::string new_migration_name(std::string description, const std::string& extension) {
  std::replace(description.begin(), description.end(), ' ', '_');
  return fmt::format("{}-{}{}", file_stamp(wall_clock()), description, extension);
}

}  // namespace whimbrel
