#include "backup/catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "backup/names.h"
#include "base/text.h"
#include "mongo/collection.h"

namespace whimbrel::backup {

using mongo::Array;
using mongo::Document;
using mongo::make_document;
using mongo::Value;
using mongo::View;

namespace {

/// MongoDB 8.3 keeps the buckets of a time series under its own name.
bool has_viewless_time_series(const mongo::Server& server) {
  return server.major > 8 || (server.major == 8 && server.minor >= 3);
}

bool is_left_out(const std::string& name, const std::vector<std::string>& leave_out) {
  if (name.starts_with("system.") && name != "system.js") return true;
  if (name.find('$') != std::string::npos) return true;
  return std::find(leave_out.begin(), leave_out.end(), name) != leave_out.end();
}

Definition definition_in(View listed) {
  Definition definition;
  definition.name = listed.get_string("name");
  definition.type = listed.get_string("type");
  definition.options = Document(listed.get_document("options"));
  if (auto uuid = listed.at_path("info.uuid")) definition.uuid = hex_text(uuid->as_binary());
  return definition;
}

Result<std::vector<Definition>> list(mongo::Client& client, const std::string& database) {
  std::vector<Definition> all;
  for (const Document& one :
       TRY(mongo::read_all(client, database, make_document("listCollections", 1)))) {
    all.push_back(definition_in(one));
  }
  return all;
}

Status read_indexes(mongo::Client& client, const std::string& database, Definition& definition) {
  if (definition.is_view()) return {};
  definition.indexes =
      TRY(mongo::read_all(client, database, make_document("listIndexes", definition.name)));
  return {};
}

/// Sizes only plan the work: where they cannot be read, it is planned without.
void read_size(mongo::Client& client, const std::string& database, CatalogItem& item) {
  Document storage = make_document("$collStats", make_document("storageStats", Document()));
  Document command = make_document("aggregate", item.data);
  command.append_array("pipeline", Array().add(storage).view()).append("cursor", Document());
  auto found = mongo::read_all(client, database, command);
  if (!found) return;
  for (const Document& shard : *found) {
    View stats = shard.view().get_document("storageStats");
    item.bytes += stats.get_int("size");
    item.average_bytes = std::max(item.average_bytes, stats.get_int("avgObjSize"));
  }
}

Result<CatalogItem> item_of(mongo::Client& client, const std::string& database,
                            Definition definition, const Document& where) {
  CatalogItem item;
  TRY(read_indexes(client, database, definition));
  item.definition = std::move(definition);
  // The buckets of a time series have other fields than its documents.
  if (!item.definition.is_time_series()) item.where = where;
  if (item.definition.is_view()) return item;
  bool buckets = item.definition.is_time_series() && !has_viewless_time_series(client.server());
  item.data = buckets ? std::string(kBucketsPrefix) + item.definition.name : item.definition.name;
  read_size(client, database, item);
  return item;
}

}  // namespace

Result<std::vector<CatalogItem>> read_catalog(mongo::Client& client, const std::string& database,
                                              const CatalogRequest& request) {
  std::map<std::string, Definition> all;
  for (Definition& one : TRY(list(client, database))) {
    if (!is_left_out(one.name, request.leave_out)) all.emplace(one.name, std::move(one));
  }
  std::vector<CatalogItem> items;
  for (const Wanted& one : request.wanted.value_or(std::vector<Wanted>())) {
    auto found = all.find(one.collection);
    if (found == all.end() && !request.missing_is_error) continue;
    if (found == all.end()) {
      return Error{
          ErrorKind::kNotFound,
          fmt::format("{} has no collection '{}' that can be backed up", database, one.collection),
          "whimbrel backup takes the whole database"};
    }
    items.push_back(TRY(item_of(client, database, found->second, one.where)));
  }
  if (request.wanted) return items;
  for (auto& [name, definition] : all) {
    items.push_back(TRY(item_of(client, database, std::move(definition), Document())));
  }
  return items;
}

Result<std::optional<ClusterTime>> read_cluster_time(mongo::Client& client) {
  const mongo::Server& server = client.server();
  bool alone = server.topology == mongo::Server::Topology::kStandalone;
  if (alone || server.major < 5) return std::optional<ClusterTime>();
  Document reply = TRY(client.run("admin", make_document("ping", 1)));
  auto time = reply.view().find("operationTime");
  if (!time || time->type() != mongo::Type::kTimestamp) return std::optional<ClusterTime>();
  uint64_t bits = 0;
  for (size_t i = 0; i < 8; ++i) bits |= uint64_t{time->bytes()[i]} << (8 * i);
  return std::optional<ClusterTime>(
      ClusterTime{static_cast<uint32_t>(bits >> 32), static_cast<uint32_t>(bits)});
}

Status check_catalog_unchanged(mongo::Client& client, const std::string& database,
                               const std::vector<CatalogItem>& items) {
  std::map<std::string, Definition> now;
  for (Definition& one : TRY(list(client, database))) now.emplace(one.name, std::move(one));
  for (const CatalogItem& item : items) {
    const Definition& then = item.definition;
    auto found = now.find(then.name);
    bool same = found != now.end() && found->second.uuid == then.uuid &&
                found->second.options.view().same_bytes(then.options);
    if (same) continue;
    return Error{ErrorKind::kFailed,
                 fmt::format("{}.{} was dropped, made anew or changed while it was backed up",
                             database, then.name),
                 "make the backup again when nobody changes collections"};
  }
  return {};
}

}  // namespace whimbrel::backup
