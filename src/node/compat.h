// What the host is asked by those who call whimbrel as migrate-mongo: the same questions in the
// same order, so that what is wrong is said in the same words.
#pragma once

#include <string>
#include <vector>

#include "node/host.h"

namespace whimbrel::node {

/// The command line, as far as it says where the project is.
struct CompatPlace {
  std::string file;                ///< the configuration's path, absolute
  std::string migrations_dir;      ///< of --migrations-dir; "" without it
  std::vector<std::string> words;  ///< all of it, for code that looks at process.argv
};

/// One file of the migrations directory, beside the changelog.
struct CompatItem {
  std::string name;
  bool pending = false;
  std::string block;               ///< its migrationBlock; "" when it has none
  std::vector<std::string> cells;  ///< its row of the table
};
struct CompatStatus {
  std::string directory;
  bool hashes = false;  ///< useFileHash: the table has a column for them
  std::vector<CompatItem> items;
};

/// Where `create` writes, and what.
struct CompatTarget {
  std::string directory;
  std::string extension;
  std::string sample;  ///< path of the project's own template; "" for none
  bool esm = false;    ///< which of our templates is meant otherwise
};

/// Reads the configuration and keeps it: the others but create and directory need this.
/// Reply::failed, here and below, is what the configuration, the driver or the project has wrong.
Result<Reply> compat_config(Host& host, const CompatPlace& place, const Patience& patience);
/// Connects the project's driver: the reply's `database` is the one that migrations are given.
Result<Reply> compat_connect(Host& host, const Patience& patience);
Result<Reply> compat_status(Host& host, const Patience& patience);
CompatStatus read_compat_status(const Reply& reply);
Result<Reply> compat_create(Host& host, const CompatPlace& place, const Patience& patience);
CompatTarget read_compat_target(const Reply& reply);
/// The reply's `shown` is the migrations directory as the configuration writes it.
Result<Reply> compat_shown(Host& host, const Patience& patience);
/// The reply's `directory` is the migrations directory of a project that may not be whole.
Result<Reply> compat_directory(Host& host, const CompatPlace& place, const Patience& patience);

}  // namespace whimbrel::node
