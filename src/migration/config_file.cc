#include "migration/config_file.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/text.h"
#include "migration/source_text.h"

namespace whimbrel::migration {
namespace {

namespace fs = std::filesystem;

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

/// Path of the directory's JavaScript configuration, or "".
std::string javascript_config(const fs::path& directory) {
  for (std::string extension : {"js", "cjs", "mjs", "ts"}) {
    fs::path path = directory / ("migrate-mongo-config." + extension);
    if (is_file(path)) return path.string();
  }
  return "";
}

bool is_javascript(const fs::path& path) {
  for (const char* extension : {".js", ".cjs", ".mjs", ".ts"}) {
    if (path.extension() == extension) return true;
  }
  return false;
}

}  // namespace

Result<ConfigFile> find_config_file(const std::string& directory, const std::string& named) {
  fs::path base(directory);
  if (!named.empty()) {
    fs::path path = (base / named).lexically_normal();
    if (!is_file(path)) {
      return Error{ErrorKind::kNotFound, fmt::format("no file {}, which -f names", path.string()),
                   fmt::format("ls {}", path.parent_path().string())};
    }
    return is_javascript(path) ? ConfigFile{"", path.string()} : ConfigFile{path.string(), ""};
  }
  std::string javascript = javascript_config(base);
  bool yaml = is_file(base / "whimbrel.yaml");
  bool yml = is_file(base / "whimbrel.yml");
  if (yaml && yml) {
    return Error{ErrorKind::kBadConfig,
                 fmt::format("{} has whimbrel.yaml and whimbrel.yml", directory),
                 "keep one of them, or name it with -f"};
  }
  if (yaml) return ConfigFile{(base / "whimbrel.yaml").string(), javascript};
  if (yml) return ConfigFile{(base / "whimbrel.yml").string(), javascript};
  if (!javascript.empty()) return ConfigFile{"", javascript};
  return Error{ErrorKind::kNotFound,
               fmt::format("neither whimbrel.yaml nor migrate-mongo-config.js in {}", directory),
               "whimbrel init -m yaml (or commonjs, esm, ts); or give the project with -C DIR"};
}

Result<std::string> read_config_text(const std::string& path) {
  return read_source(path, ErrorKind::kBadConfig, "a configuration",
                     fmt::format("is it the right file? ls -l {}", path));
}

}  // namespace whimbrel::migration
