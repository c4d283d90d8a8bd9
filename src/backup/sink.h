// Where the documents of a backup go: a directory, or an archive.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "backup/archive.h"
#include "backup/catalog.h"
#include "backup/manifest.h"
#include "backup/output.h"

namespace whimbrel::backup {

enum class Compression { kNone, kGzip };

/// What went into one collection of a sink.
struct SinkFigures {
  std::atomic<int64_t> documents{0};
  std::atomic<int64_t> bytes{0};
};

/// add() and end() may be called from any thread; `item` is a position in the catalog. Errors:
/// kCannotWrite.
class Sink {
 public:
  virtual ~Sink() = default;
  /// Whole documents, in any order.
  virtual Status add(size_t item, std::span<const uint8_t> documents, int64_t count) = 0;
  /// No more documents of this one.
  virtual Status end(size_t item) = 0;
  /// Everything ended: what is on the disk when it returns. Files of it are added to `manifest`.
  virtual Status finish(Manifest& manifest) = 0;
};

/// `FOLDER/DB/COLL.bson` and `COLL.metadata.json`. Each piece that is added is a gzip member of
/// its own, compressed by the thread that adds it.
class DirectorySink : public Sink {
 public:
  /// Makes the folder of the database in `folder`.
  static Result<std::unique_ptr<DirectorySink>> create(const std::string& folder,
                                                       const std::string& database,
                                                       const std::string& server_version,
                                                       const std::vector<CatalogItem>& catalog,
                                                       Compression compression);
  Status add(size_t item, std::span<const uint8_t> documents, int64_t count) override;
  Status end(size_t item) override;
  Status finish(Manifest& manifest) override;

 private:
  struct Target {
    std::mutex guard;
    std::optional<Output> output;
  };
  DirectorySink(std::string folder, std::string database, std::string server_version,
                const std::vector<CatalogItem>& catalog, Compression compression);
  std::string path_of(const std::string& name) const;
  Status open(Target& target, const CatalogItem& item);
  Status write_whole(const std::string& name, const std::string& text);
  void keep(const Output& output);

  std::string folder_, database_, server_version_;
  const std::vector<CatalogItem>& catalog_;
  Compression compression_;
  std::vector<std::unique_ptr<Target>> targets_;
  std::mutex files_guard_;
  std::vector<ManifestFile> files_;
};

/// One stream of blocks.
class ArchiveSink : public Sink {
 public:
  /// Writes the beginning to `output`, which outlives it.
  static Result<std::unique_ptr<ArchiveSink>> create(Output& output, const std::string& database,
                                                     const std::string& server_version,
                                                     const std::vector<CatalogItem>& catalog,
                                                     Compression compression);
  Status add(size_t item, std::span<const uint8_t> documents, int64_t count) override;
  Status end(size_t item) override;
  Status finish(Manifest& manifest) override;

 private:
  ArchiveSink(Output& output, std::string database, const std::vector<CatalogItem>& catalog,
              Compression compression)
      : output_(output),
        database_(std::move(database)),
        catalog_(catalog),
        compression_(compression),
        sums_(catalog.size()) {}
  const std::string& name_of(size_t item) const;
  /// Calls `sum` under the lock, before it is written.
  template <class Sum>
  Status write(Pieces pieces, Sum sum);

  Output& output_;
  std::string database_;
  const std::vector<CatalogItem>& catalog_;
  Compression compression_;
  std::mutex guard_;
  std::vector<Crc64> sums_;
};

}  // namespace whimbrel::backup
