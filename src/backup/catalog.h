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

/// What of a database is wanted.
struct CatalogRequest {
  std::optional<std::vector<Wanted>> wanted;  ///< nullopt: everything that mongodump would take
  bool missing_is_error = true;               ///< kNotFound for one that does not exist
  std::vector<std::string> leave_out;         ///< names, even if they are wanted
};

Result<std::vector<CatalogItem>> read_catalog(mongo::Client& client, const std::string& database,
                                              const CatalogRequest& request);

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
