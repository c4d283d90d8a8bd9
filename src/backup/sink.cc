#include "backup/sink.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <filesystem>

#include "backup/names.h"

namespace whimbrel::backup {
namespace {

/// mongorestore compares it with its own, and takes what it does not know.
std::string prelude_json(const std::string& server_version) {
  return fmt::format(R"({{"ServerVersion":"{}","ToolVersion":"whimbrel-{}"}})", server_version,
                     WHIMBREL_VERSION);
}

}  // namespace

DirectorySink::DirectorySink(std::string folder, std::string database, std::string server_version,
                             const std::vector<CatalogItem>& catalog, Compression compression)
    : folder_(std::move(folder)),
      database_(std::move(database)),
      server_version_(std::move(server_version)),
      catalog_(catalog),
      compression_(compression) {
  for (size_t i = 0; i < catalog.size(); ++i) targets_.push_back(std::make_unique<Target>());
}

Result<std::unique_ptr<DirectorySink>> DirectorySink::create(
    const std::string& folder, const std::string& database, const std::string& server_version,
    const std::vector<CatalogItem>& catalog, Compression compression) {
  std::string path = folder + "/" + database;
  std::error_code problem;
  std::filesystem::create_directory(path, problem);
  if (problem) return cannot_write("creating", path, problem.value());
  return std::unique_ptr<DirectorySink>(
      new DirectorySink(folder, database, server_version, catalog, compression));
}

std::string DirectorySink::path_of(const std::string& name) const {
  return fmt::format("{}/{}/{}{}", folder_, database_, name,
                     compression_ == Compression::kGzip ? ".gz" : "");
}

void DirectorySink::keep(const Output& output) {
  std::lock_guard lock(files_guard_);
  files_.push_back({output.path().substr(folder_.size() + 1), output.bytes(), output.sha256()});
}

Status DirectorySink::open(Target& target, const CatalogItem& item) {
  if (target.output) return {};
  target.output.emplace(TRY(Output::create(path_of(file_name_of(item.data) + ".bson"))));
  return {};
}

Status DirectorySink::add(size_t item, std::span<const uint8_t> documents, int64_t) {
  std::vector<uint8_t> member;
  if (compression_ == Compression::kGzip) {
    member = gzip_member({&documents, 1});
    documents = member;
  }
  Target& target = *targets_[item];
  std::lock_guard lock(target.guard);
  TRY(open(target, catalog_[item]));
  return target.output->write(documents);
}

Status DirectorySink::write_whole(const std::string& name, const std::string& text) {
  Output output = TRY(Output::create(path_of(name)));
  std::span<const uint8_t> bytes = bytes_of(text);
  std::vector<uint8_t> member;
  if (compression_ == Compression::kGzip) {
    member = gzip_member({&bytes, 1});
    bytes = member;
  }
  TRY(output.write(bytes));
  TRY(output.finish());
  keep(output);
  return {};
}

Status DirectorySink::end(size_t item) {
  Target& target = *targets_[item];
  std::lock_guard lock(target.guard);
  const CatalogItem& of = catalog_[item];
  if (!of.data.empty()) {
    bool empty = !target.output;
    TRY(open(target, of));
    // An empty gzip file is no gzip file.
    if (empty && compression_ == Compression::kGzip) TRY(target.output->write(gzip_member({})));
    TRY(target.output->finish());
    keep(*target.output);
  }
  return write_whole(file_name_of(of.definition.name) + ".metadata.json",
                     metadata_json(of.definition));
}

Status DirectorySink::finish(Manifest& manifest) {
  TRY(write_whole("prelude.json", prelude_json(server_version_)));
  TRY(sync_directory(folder_ + "/" + database_));
  std::sort(files_.begin(), files_.end(),
            [](const ManifestFile& a, const ManifestFile& b) { return a.path < b.path; });
  manifest.files = files_;
  return {};
}

Result<std::unique_ptr<ArchiveSink>> ArchiveSink::create(Output& output,
                                                         const std::string& database,
                                                         const std::string& server_version,
                                                         const std::vector<CatalogItem>& catalog,
                                                         Compression compression) {
  ArchiveHeader header{.server_version = server_version,
                       .tool_version = std::string("whimbrel-") + WHIMBREL_VERSION};
  std::vector<ArchiveEntry> entries;
  for (const CatalogItem& item : catalog) {
    const Definition& definition = item.definition;
    entries.push_back({database, definition.name, metadata_json(definition), definition.type});
  }
  auto sink = std::unique_ptr<ArchiveSink>(new ArchiveSink(output, database, catalog, compression));
  std::vector<uint8_t> start = archive_start(header, entries);
  std::span<const uint8_t> bytes = start;
  TRY(sink->write({&bytes, 1}, [] {}));
  return sink;
}

const std::string& ArchiveSink::name_of(size_t item) const {
  const CatalogItem& of = catalog_[item];
  return of.data.empty() ? of.definition.name : of.data;
}

template <class Sum>
Status ArchiveSink::write(Pieces pieces, Sum sum) {
  std::vector<uint8_t> member;
  if (compression_ == Compression::kGzip) member = gzip_member(pieces);
  std::lock_guard lock(guard_);
  sum();
  if (compression_ == Compression::kGzip) return output_.write(member);
  for (std::span<const uint8_t> piece : pieces) TRY(output_.write(piece));
  return {};
}

Status ArchiveSink::add(size_t item, std::span<const uint8_t> documents, int64_t) {
  mongo::Document header = block_header(database_, name_of(item));
  std::array<std::span<const uint8_t>, 3> pieces = {header.bytes(), documents,
                                                    bytes_of(kArchiveTerminator)};
  return write(pieces, [&] { sums_[item].add(documents); });
}

Status ArchiveSink::end(size_t item) {
  // As mongodump: a block without documents for one that has none, then the end.
  if (sums_[item].value() == 0) TRY(add(item, {}, 0));
  mongo::Document header = end_header(database_, name_of(item), sums_[item]);
  std::array<std::span<const uint8_t>, 2> pieces = {header.bytes(), bytes_of(kArchiveTerminator)};
  return write(pieces, [] {});
}

Status ArchiveSink::finish(Manifest& manifest) {
  TRY(output_.finish());
  std::string name = std::filesystem::path(output_.path()).filename();
  manifest.files = {{name, output_.bytes(), output_.sha256()}};
  return {};
}

}  // namespace whimbrel::backup
