#include "cli/whole_file.h"

#include <filesystem>
#include <fstream>
#include <iostream>

namespace whimbrel {

Status write_whole_file(const std::string& path, const std::string& hint,
                        const std::function<Status(std::ostream&)>& write) {
  if (path == "-") {
    Status written = write(std::cout);
    std::cout.flush();
    return written;
  }
  Error cannot_write{ErrorKind::kCannotWrite, "cannot write " + path, hint};
  std::string temporary = path + ".part";
  std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
  if (!file) return cannot_write;
  Status written = write(file);
  file.close();
  std::error_code trouble;
  if (written && file) std::filesystem::rename(temporary, path, trouble);
  bool complete = written && file && !trouble;
  if (!complete) std::filesystem::remove(temporary, trouble);
  if (!written || complete) return written;
  return cannot_write;
}

}  // namespace whimbrel
