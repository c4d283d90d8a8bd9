// Waits until a file of a project was saved.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/stop.h"

namespace whimbrel {

/// The sources under a directory: .js .cjs .mjs .ts .yaml .yml .json, of any depth, but not those
/// in node_modules and in hidden directories; the first 10,000. Looked at every 200 ms, so that it
/// also works on file systems that tell nobody of changes.
class SourceWatch {
 public:
  explicit SourceWatch(std::string directory);

  /// Returns once a source appeared, went or was changed since the last call, or since the watch
  /// was made; or an Error once a stop was requested.
  Status wait(Stop& stop);

 private:
  /// Path -> time of the last change and size.
  using Sources = std::map<std::string, std::pair<int64_t, uintmax_t>>;
  Sources look() const;

  std::string directory_;
  Sources known_;
};

}  // namespace whimbrel
