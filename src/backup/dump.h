// Reads collections and ranges of them, several at once, into a sink.
#pragma once

#include "backup/sink.h"
#include "base/progress.h"
#include "base/stop.h"

namespace whimbrel::backup {

struct DumpSetting {
  mongo::Client& client;
  std::string database;
  const std::vector<CatalogItem>& catalog;
  std::optional<ClusterTime> at;  ///< the moment that all reads are of, where there is one
  int workers = 2;  ///< readers, each with a connection of its own, and as many writers
  Sink& sink;
  const Stop& stop;
  Progress& progress;
};

/// Whether the documents of `item` can be read at a moment of the cluster: capped collections
/// cannot before MongoDB 8.0.
bool reads_at_cluster_time(const mongo::Server& server, const CatalogItem& item);

/// What was read, by position in the catalog.
using DumpFigures = std::vector<SinkFigures>;

/// Puts everything into the sink and ends each collection of it. Memory: a reply of the server and
/// five pieces of 384 KiB for each worker. Errors: those of reading and of the sink; the first one
/// stops all. A moment that the server no longer keeps is explained (SnapshotTooOld).
Status dump(const DumpSetting& setting, DumpFigures& figures);

}  // namespace whimbrel::backup
