#include "observe/terminal.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace whimbrel {
namespace {

void write_all(std::string_view text) {
  while (!text.empty()) {
    ssize_t written = write(STDERR_FILENO, text.data(), text.size());
    if (written <= 0) return;
    text.remove_prefix(static_cast<size_t>(written));
  }
}

/// The first `columns` characters; UTF-8 continuation bytes take no column.
std::string cut(const std::string& line, int columns) {
  int width = 0;
  size_t end = 0;
  for (; end < line.size(); ++end) {
    bool starts = (static_cast<unsigned char>(line[end]) & 0xC0) != 0x80;
    if (starts && ++width > columns) break;
  }
  return line.substr(0, end);
}

}  // namespace

int terminal_columns(int fd) {
  winsize size{};
  if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

int terminal_rows(int fd) {
  winsize size{};
  if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_row > 0) return size.ws_row;
  return 24;
}

bool locale_is_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (value && *value) return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
  }
  return false;
}

LiveRegion::~LiveRegion() {
  clear();
}

std::string LiveRegion::erase_sequence() const {
  return lines_ == 0 ? "\r" : fmt::format("\r\033[{}A\033[J", lines_);
}

void LiveRegion::draw(const std::vector<std::string>& lines) {
  int columns = terminal_columns(STDERR_FILENO);
  std::string frame = cursor_hidden_ ? "" : "\033[?25l";
  frame += erase_sequence();
  for (const std::string& line : lines) frame += cut(line, columns - 1) + "\033[K\n";
  lines_ = lines.size();
  cursor_hidden_ = true;
  write_all(frame);
}

void LiveRegion::clear() {
  if (!cursor_hidden_) return;
  write_all(erase_sequence() + "\033[?25h");
  cursor_hidden_ = false;
  lines_ = 0;
}

}  // namespace whimbrel
