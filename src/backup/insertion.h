// Inserts the documents of a backup, byte for byte.
#pragma once

#include <string>

#include "backup/load.h"
#include "mongo/collection.h"

namespace whimbrel::backup {

struct Inserted {
  int64_t inserted = 0;
  int64_t duplicates = 0;
};

/// Where a collection's documents go, and how.
struct InsertTarget {
  std::string collection;
  LoadMode mode = LoadMode::kAdd;
  bool raw_buckets = false;  ///< MongoDB 8.3 and later: buckets under the name of the time series
};

/// Writes one chunk; validators are passed by. A connection that breaks is tried again for a
/// while: then some documents may count as duplicates that this very call inserted.
Result<Inserted> insert_chunk(mongo::Client& client, const std::string& database,
                              const InsertTarget& target, std::span<const uint8_t> documents,
                              const Stop& stop);

}  // namespace whimbrel::backup
