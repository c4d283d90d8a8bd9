#include "backup/content.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "backup/archive.h"
#include "backup/names.h"
#include "backup/store.h"
#include "base/text.h"

namespace whimbrel::backup {
namespace {

namespace fs = std::filesystem;

constexpr size_t kLongestMetadata = 64 << 20;
constexpr std::string_view kGzipSuffix = ".gz";
constexpr std::string_view kMetadataSuffix = ".metadata.json";
constexpr std::string_view kDataSuffix = ".bson";

std::vector<fs::path> sorted_entries(const std::string& folder) {
  std::vector<fs::path> entries;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) entries.push_back(entry.path());
  std::sort(entries.begin(), entries.end());
  return entries;
}

std::string without_gzip(std::string name) {
  if (name.ends_with(kGzipSuffix)) name.resize(name.size() - kGzipSuffix.size());
  return name;
}

bool holds_collections(const fs::path& folder) {
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) return false;
  for (const fs::path& entry : sorted_entries(folder)) {
    std::string name = without_gzip(entry.filename());
    bool oplog = name == "oplog.bson";
    if (!oplog && (name.ends_with(kDataSuffix) || name.ends_with(kMetadataSuffix))) return true;
  }
  return false;
}

Error not_there(const std::string& path, const std::string& what) {
  return Error{ErrorKind::kNotFound, fmt::format("{}: {}", path, what), "whimbrel backup list"};
}

/// The one database that is meant among those that the backup has.
Result<std::string> choose_database(const std::string& path, const std::vector<std::string>& there,
                                    const std::string& wanted) {
  if (there.size() == 1) return there.front();
  if (there.empty()) return not_there(path, "this is no backup: no collection of a database in it");
  if (std::find(there.begin(), there.end(), wanted) != there.end()) return wanted;
  return Error{ErrorKind::kUsage,
               fmt::format("{} holds several databases, and none is '{}': {}", path, wanted,
                           join(there, ", ")),
               "name the folder of one: whimbrel restore " + path + "/" + there.front()};
}

bool is_passed_over(const std::string& collection) {
  if (collection.starts_with(kBucketsPrefix)) return false;
  bool system = collection.starts_with("system.") && collection != "system.js";
  return system || collection.starts_with("$") || collection.empty();
}

/// Collects the files of one folder under their collections.
class FolderContent {
 public:
  explicit FolderContent(Content& content) : content_(content) {}

  Status read(const std::string& folder) {
    for (const fs::path& entry : sorted_entries(folder)) TRY(take(entry));
    for (const fs::path& entry : sorted_entries(folder)) TRY(take_data(entry));
    return {};
  }

 private:
  Status take(const fs::path& path) {
    std::string name = without_gzip(path.filename());
    if (!name.ends_with(kMetadataSuffix)) return {};
    std::string base = name.substr(0, name.size() - kMetadataSuffix.size());
    std::string text = TRY(read_small_file(path, kLongestMetadata));
    auto read = read_metadata(text, collection_of(base));
    if (!read) return damaged(path, 0, read.error().message);
    StoredCollection stored;
    stored.definition = std::move(*read);
    stored.metadata_file = path;
    if (stored.definition.name.empty()) return damaged(path, 0, "it does not name its collection");
    by_file_[base] = content_.collections.size();
    content_.collections.push_back(std::move(stored));
    return {};
  }

  Status take_data(const fs::path& path) {
    std::string name = without_gzip(path.filename());
    if (!name.ends_with(kDataSuffix)) {
      if (!name.ends_with(kMetadataSuffix) && name != "prelude.json") {
        content_.passed_over.push_back(path.filename());
      }
      return {};
    }
    std::string base = name.substr(0, name.size() - kDataSuffix.size());
    std::string collection = collection_of(base);
    bool buckets = collection.starts_with(kBucketsPrefix);
    auto known = by_file_.find(base);
    if (known == by_file_.end() && buckets)
      known = by_file_.find(base.substr(kBucketsPrefix.size()));
    if (known == by_file_.end()) {
      if (is_passed_over(collection) || buckets) {
        content_.passed_over.push_back(path.filename());
        return {};
      }
      known = by_file_.emplace(base, content_.collections.size()).first;
      content_.collections.emplace_back().definition.name = collection;
    }
    StoredCollection& stored = content_.collections[known->second];
    stored.data_file = path;
    stored.buckets = buckets || stored.definition.is_time_series();
    return {};
  }

  Content& content_;
  std::map<std::string, size_t> by_file_;
};

Result<Content> open_folder(const std::string& path, const std::string& wanted) {
  Content content;
  content.path = path;
  std::string folder = path;
  if (holds_collections(path)) {
    content.database = fs::path(fs::absolute(path)).lexically_normal().filename();
    if (content.database.empty()) {
      content.database = fs::path(fs::absolute(path)).lexically_normal().parent_path().filename();
    }
  } else {
    std::vector<std::string> databases;
    for (const fs::path& entry : sorted_entries(path)) {
      if (holds_collections(entry)) databases.push_back(entry.filename());
    }
    content.database = TRY(choose_database(path, databases, wanted));
    folder = path + "/" + content.database;
    content.manifest_folder = path;
  }
  TRY(FolderContent(content).read(folder));
  return content;
}

Result<Content> open_archive(const std::string& path, const std::string& wanted) {
  ArchiveReader reader = TRY(ArchiveReader::open(path));
  Content content;
  content.path = path;
  content.archive = true;
  content.manifest_folder = fs::path(path).parent_path();
  std::vector<std::string> databases;
  for (const ArchiveEntry& entry : reader.entries()) {
    bool known = entry.database.empty() ||
                 std::find(databases.begin(), databases.end(), entry.database) != databases.end();
    if (!known) databases.push_back(entry.database);
  }
  content.database = TRY(choose_database(path, databases, wanted));
  for (const ArchiveEntry& entry : reader.entries()) {
    if (entry.database != content.database || is_passed_over(entry.collection)) {
      content.passed_over.push_back(fmt::format(
          "{}{}{}", entry.database, entry.database.empty() ? "" : ".", entry.collection));
      continue;
    }
    auto read = read_metadata(entry.metadata, entry.collection);
    if (!read) return damaged(path, 0, entry.collection + ": " + read.error().message);
    StoredCollection stored;
    stored.definition = std::move(*read);
    if (stored.definition.type.empty()) stored.definition.type = entry.type;
    stored.buckets = stored.definition.is_time_series();
    content.collections.push_back(std::move(stored));
  }
  return content;
}

Status read_file(const std::string& path, size_t collection, Look look, const TakeDocuments& take) {
  Input input = TRY(Input::open(path));
  std::vector<uint8_t> chunk;
  int64_t count = 0;
  while (true) {
    int64_t start = input.at();
    int32_t length = 0;
    std::span<uint8_t> room(reinterpret_cast<uint8_t*>(&length), sizeof length);
    size_t got = TRY(input.read(room));
    if (got == 0) break;
    if (got < room.size())
      return damaged(path, start, "the file is cut off in a document's length");
    size_t longer = chunk.size() + static_cast<size_t>(std::max(length, 0));
    if (count > 0 && (longer > kChunkBytes || count >= kChunkDocuments)) {
      TRY(take(collection, chunk, count));
      chunk.clear();
      count = 0;
    }
    TRY(append_document(input, length, start, look, chunk));
    ++count;
  }
  return count > 0 ? take(collection, chunk, count) : Status();
}

Status read_archive(const Content& content, Look look, const TakeDocuments& take) {
  std::map<std::string, size_t> by_name;
  for (size_t i = 0; i < content.collections.size(); ++i) {
    const std::string& name = content.collections[i].definition.name;
    by_name[name] = i;
    by_name[std::string(kBucketsPrefix) + name] = i;
  }
  ArchiveReader reader = TRY(ArchiveReader::open(content.path));
  return reader.read(look,
                     [&](const std::string& database, const std::string& collection,
                         std::span<const uint8_t> documents, int64_t count) -> Status {
                       auto found = by_name.find(collection);
                       if (database != content.database || found == by_name.end()) return {};
                       return take(found->second, documents, count);
                     });
}

/// Each file as the manifest has it.
Status check_files(const Content& content) {
  for (const ManifestFile& file : content.manifest->files) {
    std::string path = (fs::path(content.manifest_folder) / file.path).lexically_normal();
    auto input = Input::open(path);
    if (!input) return damaged(path, 0, "the file is missing, which the manifest names");
    std::error_code ignored;
    auto bytes = static_cast<int64_t>(fs::file_size(path, ignored));
    if (bytes != file.bytes) {
      return damaged(path, std::min(bytes, file.bytes),
                     fmt::format("the file has {} bytes, not {} as the manifest says",
                                 with_commas(bytes), with_commas(file.bytes)));
    }
    std::string found = TRY(input->finish_sha256());
    if (found == file.sha256) continue;
    return damaged(
        path, 0, fmt::format("its SHA-256 is {}, not {} as the manifest says", found, file.sha256));
  }
  return {};
}

Status check_counts(const Content& content, const std::vector<int64_t>& counts) {
  for (size_t i = 0; i < counts.size(); ++i) {
    const std::string& name = content.collections[i].definition.name;
    const ManifestCollection* said = content.manifest->find(name);
    if (said && said->documents == counts[i]) continue;
    return damaged(
        content.path, 0,
        fmt::format("{} has {} documents, not {} as the manifest says", name,
                    with_commas(counts[i]), said ? with_commas(said->documents) : "none"));
  }
  return {};
}

}  // namespace

Result<Content> open_content(const std::string& path, const std::string& wanted_database) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return not_there(path, "there is no such file or folder");
  if (path.ends_with(kPartialSuffix)) {
    return Error{ErrorKind::kBadMigration, path + " is a backup that was never completed",
                 "whimbrel backup prune removes such left-overs"};
  }
  bool folder = fs::is_directory(path, ignored);
  if (!folder && !TRY(is_archive(path))) {
    return damaged(path, 0, "this is neither a folder nor an archive of mongodump");
  }
  Content content =
      TRY(folder ? open_folder(path, wanted_database) : open_archive(path, wanted_database));
  std::string manifest = manifest_path(path);
  if (content.manifest_folder.empty() && folder) {
    // The folder of one database: the manifest lies above it.
    content.manifest_folder = fs::path(fs::absolute(path)).lexically_normal().parent_path();
    manifest = content.manifest_folder + "/" + std::string(kManifestName);
  }
  if (fs::exists(manifest, ignored)) content.manifest = TRY(read_manifest(manifest));
  return content;
}

Status read_documents(const Content& content, Look look, const TakeDocuments& take) {
  if (content.archive) return read_archive(content, look, take);
  for (size_t i = 0; i < content.collections.size(); ++i) {
    const std::string& file = content.collections[i].data_file;
    if (!file.empty()) TRY(read_file(file, i, look, take));
  }
  return {};
}

Result<CheckedContent> check_content(const Content& content) {
  CheckedContent checked;
  std::vector<int64_t> counts(content.collections.size());
  TRY(read_documents(
      content, Look::kInside,
      [&](size_t collection, std::span<const uint8_t> documents, int64_t count) -> Status {
        counts[collection] += count;
        checked.documents += count;
        checked.bytes += static_cast<int64_t>(documents.size());
        return {};
      }));
  if (!content.manifest) return checked;
  TRY(check_files(content));
  TRY(check_counts(content, counts));
  checked.has_checksums = true;
  return checked;
}

}  // namespace whimbrel::backup
