// Where the project's configuration is.
#pragma once

#include <string>

#include "base/result.h"

namespace whimbrel::migration {

struct ConfigFile {
  std::string path;
  std::string javascript;  ///< name of a migrate-mongo-config file beside it, or ""
};

/// `named` (relative to the directory) or DIRECTORY/whimbrel.yaml or .yml. This is the place that
/// will also choose migrate-mongo-config.{js,cjs,mjs,ts}. Errors: kNotFound, with what to write
/// when only a JavaScript configuration is there; kBadConfig when .yaml and .yml are both there.
Result<ConfigFile> find_config_file(const std::string& directory, const std::string& named);

/// The file's content. Errors: kNotFound when it cannot be read.
Result<std::string> read_config_text(const std::string& path);

}  // namespace whimbrel::migration
