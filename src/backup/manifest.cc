#include "backup/manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "backup/input.h"
#include "base/text.h"

namespace whimbrel::backup {

using Json = nlohmann::ordered_json;

namespace {

constexpr int kVersion = 1;
constexpr size_t kLongestManifest = 256 << 20;
constexpr const char* kType = "whimbrel-backup";

Json json_of(const ManifestCollection& collection) {
  Json where = collection.where.empty() ? Json(nullptr) : Json::parse(collection.where);
  return {{"name", collection.name},           {"type", collection.type},
          {"documents", collection.documents}, {"bytes", collection.bytes},
          {"where", std::move(where)},         {"consistent", collection.consistent}};
}

Json migration_json(const Manifest& manifest) {
  if (manifest.migration.empty()) return nullptr;
  return {{"file", manifest.migration}, {"sha256", manifest.migration_hash}};
}

Json cluster_time_json(const Manifest& manifest) {
  if (manifest.cluster_seconds == 0) return nullptr;
  return {{"t", manifest.cluster_seconds}, {"i", manifest.cluster_increment}};
}

void read_collections(const Json& json, Manifest& manifest) {
  for (const Json& one : json.at("collections")) {
    ManifestCollection collection;
    collection.name = one.at("name").get<std::string>();
    collection.type = one.value("type", "");
    collection.documents = one.at("documents").get<int64_t>();
    collection.bytes = one.at("bytes").get<int64_t>();
    if (one.contains("where") && !one["where"].is_null()) collection.where = one["where"].dump();
    collection.consistent = one.value("consistent", false);
    manifest.collections.push_back(std::move(collection));
  }
  for (const Json& one : json.at("files")) {
    manifest.files.push_back({one.at("path").get<std::string>(), one.at("bytes").get<int64_t>(),
                              one.at("sha256").get<std::string>()});
  }
}

Manifest manifest_in(const Json& json) {
  Manifest manifest;
  manifest.database = json.at("database").get<std::string>();
  manifest.archive = json.at("format") == "archive";
  manifest.gzip = json.at("gzip").get<bool>();
  manifest.started_at = json.at("startedAtMs").get<int64_t>();
  manifest.finished_at = json.at("finishedAtMs").get<int64_t>();
  manifest.server_version = json.at("server").value("version", "");
  manifest.topology = json.at("server").value("topology", "");
  manifest.consistency = json.value("consistency", "none");
  if (const Json& time = json.at("clusterTime"); !time.is_null()) {
    manifest.cluster_seconds = time.at("t").get<uint32_t>();
    manifest.cluster_increment = time.at("i").get<uint32_t>();
  }
  manifest.program = json.value("whimbrel", "");
  if (json.contains("environment") && json["environment"].is_string()) {
    manifest.environment = json["environment"].get<std::string>();
  }
  if (const Json& migration = json.at("migration"); !migration.is_null()) {
    manifest.migration = migration.at("file").get<std::string>();
    manifest.migration_hash = migration.value("sha256", "");
  }
  read_collections(json, manifest);
  return manifest;
}

}  // namespace

int64_t Manifest::documents() const {
  int64_t sum = 0;
  for (const ManifestCollection& collection : collections) sum += collection.documents;
  return sum;
}

int64_t Manifest::bytes() const {
  int64_t sum = 0;
  for (const ManifestFile& file : files) sum += file.bytes;
  return sum;
}

const ManifestCollection* Manifest::find(std::string_view collection) const {
  auto found = std::find_if(collections.begin(), collections.end(),
                            [&](const auto& one) { return one.name == collection; });
  return found == collections.end() ? nullptr : &*found;
}

const ManifestFile* Manifest::find_file(std::string_view path) const {
  auto found =
      std::find_if(files.begin(), files.end(), [&](const auto& one) { return one.path == path; });
  return found == files.end() ? nullptr : &*found;
}

std::string manifest_json(const Manifest& manifest) {
  Json collections = Json::array(), files = Json::array();
  for (const auto& collection : manifest.collections) collections.push_back(json_of(collection));
  for (const ManifestFile& file : manifest.files) {
    files.push_back({{"path", file.path}, {"bytes", file.bytes}, {"sha256", file.sha256}});
  }
  Json json = {
      {"type", kType},
      {"v", kVersion},
      {"database", manifest.database},
      {"format", manifest.archive ? "archive" : "directory"},
      {"gzip", manifest.gzip},
      {"startedAt", iso_time(manifest.started_at)},
      {"finishedAt", iso_time(manifest.finished_at)},
      {"startedAtMs", manifest.started_at},
      {"finishedAtMs", manifest.finished_at},
      {"server", {{"version", manifest.server_version}, {"topology", manifest.topology}}},
      {"consistency", manifest.consistency},
      {"clusterTime", cluster_time_json(manifest)},
      {"whimbrel", manifest.program},
      {"environment", manifest.environment.empty() ? Json(nullptr) : Json(manifest.environment)},
      {"migration", migration_json(manifest)},
      {"collections", std::move(collections)},
      {"files", std::move(files)}};
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<Manifest> read_manifest(const std::string& path) {
  std::string text = TRY(read_small_file(path, kLongestManifest));
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || json.value("type", Json()) != kType) {
    return damaged(path, 0, "this is no manifest of a backup");
  }
  if (json.value("v", Json()) != kVersion) {
    return damaged(path, 0,
                   fmt::format("it has version {}, and this whimbrel reads {}",
                               json.value("v", Json()).dump(), kVersion));
  }
  try {
    return manifest_in(json);
  } catch (const nlohmann::json::exception& problem) {
    return damaged(path, 0, fmt::format("the manifest is not whole: {}", problem.what()));
  }
}

}  // namespace whimbrel::backup
