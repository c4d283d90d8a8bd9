// `whimbrel-backup.json`: what a backup holds, and how to tell that it is whole.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace whimbrel::backup {

inline constexpr std::string_view kManifestName = "whimbrel-backup.json";
/// Behind an archive's name.
inline constexpr std::string_view kSidecarSuffix = ".whimbrel-backup.json";

struct ManifestCollection {
  std::string name;
  std::string type;
  int64_t documents = 0;
  int64_t bytes = 0;        ///< of its documents, uncompressed
  std::string where;        ///< canonical Extended JSON; "" when all documents were meant
  bool consistent = false;  ///< read at the cluster time of all
};

struct ManifestFile {
  std::string path;  ///< relative to the manifest
  int64_t bytes = 0;
  std::string sha256;
};

struct Manifest {
  std::string database;
  bool archive = false;
  bool gzip = false;
  int64_t started_at = 0, finished_at = 0;  ///< milliseconds, server time
  std::string server_version, topology;
  /// "snapshot": all consistent collections are of one moment; "none": each document is as it was
  /// when it was read.
  std::string consistency;
  uint32_t cluster_seconds = 0, cluster_increment = 0;  ///< 0 unless "snapshot"
  std::string program;
  std::string environment;
  std::string migration, migration_hash;  ///< "" when it is for none
  std::vector<ManifestCollection> collections;
  std::vector<ManifestFile> files;

  int64_t documents() const;
  int64_t bytes() const;  ///< of all files
  const ManifestCollection* find(std::string_view collection) const;
  const ManifestFile* find_file(std::string_view path) const;
};

std::string manifest_json(const Manifest& manifest);
/// kBadMigration when it is none, or of a newer format.
Result<Manifest> read_manifest(const std::string& path);

}  // namespace whimbrel::backup
