// The archive format of mongodump: all collections in one stream, so that it can go through a pipe.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "backup/checksum.h"
#include "backup/documents.h"
#include "mongo/bson.h"

namespace whimbrel::backup {

struct ArchiveHeader {
  int concurrent = 4;  ///< collections that a reader should be able to take at a time
  std::string server_version;
  std::string tool_version;
};

/// What the beginning of an archive says of one collection.
struct ArchiveEntry {
  std::string database;
  std::string collection;
  std::string metadata;  ///< the text of its metadata.json, or ""
  std::string type;
};

inline constexpr std::string_view kArchiveTerminator{"\xff\xff\xff\xff", 4};

/// Everything before the first block of documents.
std::vector<uint8_t> archive_start(const ArchiveHeader& header,
                                   const std::vector<ArchiveEntry>& entries);
/// What stands before a block's documents; with `end`, what ends a collection.
mongo::Document block_header(const std::string& database, const std::string& collection);
mongo::Document end_header(const std::string& database, const std::string& collection,
                           const Crc64& crc);

/// True when the file begins as an archive does.
Result<bool> is_archive(const std::string& path);

/// Reads one from front to back. Not thread-safe. Every Error about its content is kBadMigration
/// with the position.
class ArchiveReader {
 public:
  /// Reads the beginning.
  static Result<ArchiveReader> open(const std::string& path);

  const ArchiveHeader& header() const { return header_; }
  const std::vector<ArchiveEntry>& entries() const { return entries_; }
  Input& input() { return input_; }

  /// Whole documents of one collection, at most kChunkBytes of them or a single one.
  using Visit = std::function<Status(const std::string& database, const std::string& collection,
                                     std::span<const uint8_t> documents, int64_t count)>;
  /// Reads all the rest, and judges checksums and ends of collections.
  Status read(Look look, const Visit& visit);

 private:
  explicit ArchiveReader(Input input) : input_(std::move(input)) {}
  Status read_start();
  /// The next document, or a terminator (false).
  Result<bool> next(std::vector<uint8_t>& buffer, Look look, const std::string& where);
  Status read_block(mongo::View header, Look look, const Visit& visit);
  Status end_collection(const std::string& name, mongo::View header);
  Status check_all_ended();

  Input input_;
  ArchiveHeader header_;
  std::vector<ArchiveEntry> entries_;
  std::map<std::string, Crc64> open_;
  std::set<std::string> ended_;
  std::vector<uint8_t> buffer_;
};

}  // namespace whimbrel::backup
