// What a database has that can be backed up, and from which moment.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "backup/metadata.h"
#include "mongo/client.h"

namespace whimbrel::backup {

/// One collection of a backup that is about to be made.
struct CatalogItem {
  Definition definition;
  std::string data;       ///< the collection that holds its documents; "" for a view
  mongo::Document where;  ///< empty: all documents
  int64_t bytes = 0;      ///< an estimate
  int64_t average_bytes = 0;
};

/// A collection that is wanted; `where` empty: all of it.
struct Wanted {
  std::string collection;
  mongo::Document where;
};

/// Everything in `database` that mongodump would take and that is not in `leave_out`; of `wanted`
/// only these, if there are any. kNotFound for one that does not exist.
Result<std::vector<CatalogItem>> read_catalog(mongo::Client& client, const std::string& database,
                                              const std::vector<Wanted>& wanted,
                                              const std::vector<std::string>& leave_out);

/// A moment of the cluster; none on a standalone server, or before MongoDB 5.0.
struct ClusterTime {
  uint32_t seconds = 0;
  uint32_t increment = 0;
};
Result<std::optional<ClusterTime>> read_cluster_time(mongo::Client& client);

/// kFailed when one of `items` was dropped, made anew or changed since it was listed.
Status check_catalog_unchanged(mongo::Client& client, const std::string& database,
                               const std::vector<CatalogItem>& items);

}  // namespace whimbrel::backup
