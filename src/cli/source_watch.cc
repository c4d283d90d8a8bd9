#include "cli/source_watch.h"

#include <filesystem>
#include <set>

namespace whimbrel {

namespace fs = std::filesystem;

namespace {

constexpr size_t kMostSources = 10'000;
constexpr std::chrono::milliseconds kEvery{200};

bool is_source(const fs::path& path) {
  static const std::set<std::string> kExtensions = {".js",   ".cjs", ".mjs", ".ts",
                                                    ".yaml", ".yml", ".json"};
  return kExtensions.contains(path.extension());
}

bool is_left_out(const fs::path& path) {
  std::string name = path.filename();
  return name == "node_modules" || name.starts_with(".");
}

}  // namespace

SourceWatch::SourceWatch(std::string directory)
    : directory_(std::move(directory)), known_(look()) {}

SourceWatch::Sources SourceWatch::look() const {
  Sources sources;
  std::error_code trouble;
  auto options = fs::directory_options::skip_permission_denied;
  fs::recursive_directory_iterator item(directory_, options, trouble);
  for (; !trouble && item != fs::recursive_directory_iterator() && sources.size() < kMostSources;
       item.increment(trouble)) {
    std::error_code gone;
    if (item->is_directory(gone) && is_left_out(item->path())) item.disable_recursion_pending();
    if (!item->is_regular_file(gone) || !is_source(item->path())) continue;
    auto changed = item->last_write_time(gone).time_since_epoch().count();
    sources[item->path()] = {static_cast<int64_t>(changed), item->file_size(gone)};
  }
  return sources;
}

Status SourceWatch::wait(Stop& stop) {
  while (true) {
    Sources now = look();
    if (now != known_) {
      known_ = std::move(now);
      return {};
    }
    if (!stop.sleep(kEvery)) return stop.error();
  }
}

}  // namespace whimbrel
