// What a stored backup holds, ours or mongodump's, directory or archive; and reading it through.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "backup/documents.h"
#include "backup/manifest.h"
#include "backup/metadata.h"

namespace whimbrel::backup {

/// One collection of a stored backup.
struct StoredCollection {
  Definition definition;
  std::string data_file;      ///< directories: the file of its documents; "" when there is none
  std::string metadata_file;  ///< directories: "" when there is none
  bool buckets = false;       ///< its documents are the buckets of a time series
};

struct Content {
  std::string path;  ///< as it was named
  bool archive = false;
  std::string database;  ///< whose collections these are
  std::vector<StoredCollection> collections;
  std::vector<std::string> passed_over;  ///< files and collections that are not restored: oplog, …
  std::optional<Manifest> manifest;      ///< only of a backup of ours
  std::string manifest_folder;           ///< what the manifest's paths start at
};

/// Reads names and definitions at `path`: a folder with folders of databases, the folder of one
/// database, or an archive. With several databases `wanted_database` is taken. Errors: kNotFound;
/// kBadMigration with file and position; kUsage when it is not clear which database is meant.
Result<Content> open_content(const std::string& path, const std::string& wanted_database);

/// Takes documents of `content.collections[collection]`.
using TakeDocuments =
    std::function<Status(size_t collection, std::span<const uint8_t> documents, int64_t count)>;

/// Reads every document, file after file. kBadMigration: see Look; archives also by their
/// checksums. Ends with the first Error of `take`.
Status read_documents(const Content& content, Look look, const TakeDocuments& take);

/// What a check of a whole backup found.
struct CheckedContent {
  int64_t documents = 0;
  int64_t bytes = 0;           ///< of documents, uncompressed
  bool has_checksums = false;  ///< each file was compared with the SHA-256 of a manifest
};

/// Reads everything through: lengths, BSON, checksums, counts and sizes of the manifest. The first
/// thing that is wrong, as kBadMigration with file and position.
Result<CheckedContent> check_content(const Content& content);

}  // namespace whimbrel::backup
