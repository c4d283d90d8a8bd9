// The live region: a few lines at the bottom of a terminal that are drawn over and over.
#pragma once

#include <string>
#include <vector>

namespace whimbrel {

/// Columns of the terminal behind `fd`; 80 when it does not say.
int terminal_columns(int fd);
/// Lines of it; 24 when it does not say.
int terminal_rows(int fd);
/// Whether the locale's character set is UTF-8 (LC_ALL, LC_CTYPE, LANG).
bool locale_is_utf8();

/// Draws on stderr. One write a frame, so nothing flickers; lines are cut to the width, never
/// wrapped. Not thread-safe.
class LiveRegion {
 public:
  LiveRegion() = default;
  ~LiveRegion();  ///< Clears the region and shows the cursor.
  LiveRegion(const LiveRegion&) = delete;
  LiveRegion& operator=(const LiveRegion&) = delete;

  void draw(const std::vector<std::string>& lines);
  /// Takes the region away, so that ordinary lines can be written; the next draw() brings it back.
  void clear();

 private:
  std::string erase_sequence() const;
  size_t lines_ = 0;
  bool cursor_hidden_ = false;
};

}  // namespace whimbrel
