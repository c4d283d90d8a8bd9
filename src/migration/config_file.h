// Where the project's configuration is.
#pragma once

#include <string>

#include "base/result.h"

namespace whimbrel::migration {

struct ConfigFile {
  std::string path;  ///< whimbrel.yaml, .yml, or the .yaml or .json that was named; "" for none
  std::string javascript;  ///< migrate-mongo-config.js, or the module that was named; "" for none
  const std::string& shown() const { return path.empty() ? javascript : path; }
};

/// `named` (relative to the directory) alone; else DIRECTORY/whimbrel.yaml or .yml and
/// DIRECTORY/migrate-mongo-config.{js,cjs,mjs,ts}, of which either is enough. Errors: kNotFound
/// when there is none; kBadConfig when .yaml and .yml are both there.
Result<ConfigFile> find_config_file(const std::string& directory, const std::string& named);

/// The file's content. Errors: kNotFound when it cannot be read, kBadConfig when
/// it is larger than kMostSourceBytes.
Result<std::string> read_config_text(const std::string& path);

}  // namespace whimbrel::migration
