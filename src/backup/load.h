// Puts a stored backup into a database.
#pragma once

#include "backup/content.h"
#include "base/progress.h"
#include "base/stop.h"
#include "mongo/client.h"

namespace whimbrel::backup {

/// How a collection of the backup comes into the database.
enum class LoadMode {
  kAdd,      ///< into what is there, or a new one; documents that are there already stay
  kReplace,  ///< instead of what is there: a temporary collection takes the name when it is whole
  kAnew,     ///< dropped and made again, where a temporary one cannot take the name (time series)
  kPut,      ///< each document instead of the one with its `_id`; all others stay
};

struct LoadItem {
  size_t collection = 0;  ///< position in Content::collections
  LoadMode mode = LoadMode::kAdd;
};

struct LoadFigures {
  int64_t inserted = 0;
  int64_t duplicates = 0;  ///< were there already and stay as they are
  int64_t indexes = 0;
};

struct LoadSetting {
  mongo::Client& client;
  std::string database;
  const Content& content;
  std::vector<LoadItem> items;
  int workers = 4;  ///< threads that insert, each with a connection of its own
  /// Collections that are made get the UUID of the backup's, by applyOps, which needs the role
  /// `restore`. One that has that UUID and is to be replaced is dropped first: no two can have it.
  bool preserve_uuids = false;
  const Stop& stop;
  Progress& progress;
  std::function<void(const std::string&)> warn;
};

/// Temporary collections of kReplace begin with this; one that a killed process left is dropped.
inline constexpr std::string_view kTemporaryPrefix = "whimbrel_restore_";

/// Definitions first, then documents, then indexes, then the names of temporary collections, then
/// views. Memory: two chunks for each worker. May be repeated after any failure or kill: what was
/// done is done again, or found to be there.
Status load(const LoadSetting& setting, std::vector<LoadFigures>& figures);

}  // namespace whimbrel::backup
