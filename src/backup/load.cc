#include "backup/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <thread>

#include "backup/batch_queue.h"
#include "backup/creation.h"
#include "backup/insertion.h"
#include "backup/names.h"
#include "base/text.h"

namespace whimbrel::backup {

using mongo::Array;
using mongo::Document;
using mongo::make_document;
using mongo::Value;
using mongo::View;

namespace {

constexpr int kNamespaceExists = 48;
constexpr int kNamespaceNotFound = 26;

Document majority() {
  return make_document("w", "majority");
}

bool has_viewless_time_series(const mongo::Server& server) {
  return server.major > 8 || (server.major == 8 && server.minor >= 3);
}

std::string uuid_of(View listed) {
  auto uuid = listed.at_path("info.uuid");
  return uuid ? hex_text(uuid->as_binary()) : "";
}

class Load {
 public:
  Load(const LoadSetting& setting, std::vector<LoadFigures>& figures)
      : setting_(setting), figures_(figures), by_collection_(setting.content.collections.size()) {}

  Status run() {
    TRY(read_existing());
    TRY(drop_left_overs());
    for (size_t i = 0; i < setting_.items.size(); ++i) TRY(check_uuid(i));
    for (size_t i = 0; i < setting_.items.size(); ++i) TRY(define(i));
    TRY(insert_all());
    for (size_t i = 0; i < setting_.items.size(); ++i) TRY(finish(i));
    for (size_t i = 0; i < setting_.items.size(); ++i) TRY(make_view(i));
    return {};
  }

 private:
  const Definition& definition(size_t item) const {
    return setting_.content.collections[setting_.items[item].collection].definition;
  }
  Result<Document> command(const Document& command) {
    return setting_.client.run(setting_.database, command);
  }

  Status read_existing() {
    auto listed = TRY(
        mongo::read_all(setting_.client, setting_.database, make_document("listCollections", 1)));
    for (const Document& one : listed) existing_[one.view().get_string("name")] = one;
    return {};
  }

  Status drop(const std::string& name) {
    auto dropped = command(make_document("drop", name, "writeConcern", majority()));
    if (dropped || dropped.error().server_code == kNamespaceNotFound) return {};
    return std::move(dropped).error().while_doing("dropping " + name);
  }

  Status drop_left_overs() {
    for (const auto& [name, listed] : existing_) {
      if (name.starts_with(kTemporaryPrefix)) TRY(drop(name));
    }
    std::erase_if(existing_,
                  [](const auto& one) { return one.first.starts_with(kTemporaryPrefix); });
    return {};
  }

  bool is_there(const std::string& name) const { return existing_.contains(name); }

  /// A view has no UUID, and that of a time series is its buckets'.
  bool wants_uuid(const Definition& of) const {
    return setting_.preserve_uuids && !of.is_view() && !of.is_time_series();
  }

  bool has_uuid(const Definition& of) const {
    auto there = existing_.find(of.name);
    return there != existing_.end() && uuid_of(there->second) == of.uuid;
  }

  Status check_uuid(size_t item) const {
    const Definition& of = definition(item);
    if (!wants_uuid(of)) return {};
    constexpr std::string_view kNext = "leave out --preserve-uuid, or leave this collection out";
    if (uuid_bytes(of).empty()) {
      return Error{ErrorKind::kUsage, "the backup says no UUID of " + of.name, std::string(kNext)};
    }
    for (const auto& [name, listed] : existing_) {
      if (name == of.name || uuid_of(listed) != of.uuid) continue;
      return Error{
          ErrorKind::kFailed,
          fmt::format("the UUID of {} is that of the collection {}, which is there", of.name, name),
          std::string(kNext)};
    }
    bool stays = is_there(of.name) && !has_uuid(of) && mode_of(item) != LoadMode::kReplace;
    if (stays) setting_.warn(of.name + " is there with another UUID than the backup's; it stays");
    return {};
  }

  /// `create`, or its like with the UUID where the name is free.
  Result<Document> create(size_t item) {
    const Definition& of = definition(item);
    LoadMode mode = mode_of(item);
    bool is_new = mode == LoadMode::kReplace || mode == LoadMode::kAnew || !is_there(of.name);
    if (!wants_uuid(of) || !is_new) return command(create_command(target_of(item), of));
    constexpr int kUnauthorized = 13, kUuidOfOtherDatabase = 40655;
    auto made = command(create_with_uuid(setting_.database, target_of(item), of));
    if (made) return made;
    int code = made.error().server_code;
    if (code == kUnauthorized) {
      return std::move(made).error().or_hint(
          "give the user the role `restore`, or leave out --preserve-uuid");
    }
    if (code != kUuidOfOtherDatabase) return made;
    return std::move(made).error().or_hint(
        "a collection of another database has this UUID: leave out --preserve-uuid");
  }

  std::string target_of(size_t item) const {
    bool temporary = mode_of(item) == LoadMode::kReplace;
    return temporary ? std::string(kTemporaryPrefix) + definition(item).name
                     : definition(item).name;
  }

  /// A time series cannot be renamed, and a name has its limit.
  LoadMode mode_of(size_t item) const {
    constexpr size_t kLongestNamespace = 255;
    const LoadItem& of = setting_.items[item];
    size_t length =
        setting_.database.size() + 1 + kTemporaryPrefix.size() + definition(item).name.size();
    const Definition& what = definition(item);
    bool in_place =
        what.is_time_series() || length > kLongestNamespace || (wants_uuid(what) && has_uuid(what));
    return of.mode == LoadMode::kReplace && in_place ? LoadMode::kAnew : of.mode;
  }

  Status define(size_t item) {
    const Definition& of = definition(item);
    by_collection_[setting_.items[item].collection] = item;
    InsertTarget target{target_of(item), mode_of(item)};
    if (setting_.content.collections[setting_.items[item].collection].buckets) {
      target.raw_buckets = has_viewless_time_series(setting_.client.server());
      if (!target.raw_buckets) target.collection = std::string(kBucketsPrefix) + target.collection;
    }
    targets_.push_back(std::move(target));
    if (of.is_view()) return {};
    if (mode_of(item) == LoadMode::kAnew) TRY(drop(of.name));
    auto made = create(item);
    if (made) return {};
    if (made.error().server_code != kNamespaceExists) {
      return std::move(made).error().while_doing("creating " + of.name);
    }
    warn_of_other_options(of);
    return {};
  }

  void warn_of_other_options(const Definition& of) {
    auto there = existing_.find(of.name);
    if (there == existing_.end()) return;
    View listed = there->second.view();
    bool same = listed.get_document("options").same_bytes(of.options);
    if (same) return;
    setting_.warn(fmt::format("{} is there with other options than the backup's; they stay: {}",
                              of.name, listed.get_document("options").to_relaxed_json()));
  }

  Status insert_all() {
    BatchQueue queue(static_cast<size_t>(setting_.workers) * 2);
    std::vector<std::jthread> threads;
    for (int i = 0; i < setting_.workers; ++i) threads.emplace_back([&] { work(queue); });
    Status read =
        read_documents(setting_.content, Look::kLengths,
                       [&](size_t collection, std::span<const uint8_t> documents, int64_t count) {
                         return take(queue, collection, documents, count);
                       });
    if (!read) queue.fail(read.error());
    queue.close();
    for (std::jthread& thread : threads) thread.join();
    return queue.outcome();
  }

  Status take(BatchQueue& queue, size_t collection, std::span<const uint8_t> documents,
              int64_t count) {
    if (setting_.stop.requested()) return setting_.stop.error();
    std::optional<size_t> item = by_collection_[collection];
    if (!item) return {};
    LoadBatch batch{*item, std::vector<uint8_t>(documents.begin(), documents.end()), count};
    // The order of a capped collection is that of its inserts: one at a time.
    if (definition(*item).is_capped()) return insert(setting_.client, batch);
    return queue.put(std::move(batch));
  }

  void work(BatchQueue& queue) {
    auto client = setting_.client.another();
    if (!client) return queue.fail(client.error());
    while (auto batch = queue.take()) {
      Status inserted = insert(*client, *batch);
      if (!inserted) return queue.fail(std::move(inserted).error());
    }
  }

  Status insert(mongo::Client& client, const LoadBatch& batch) {
    auto written = insert_chunk(client, setting_.database, targets_[batch.item], batch.documents,
                                setting_.stop);
    if (!written) {
      return std::move(written).error().while_doing("restoring " + definition(batch.item).name);
    }
    std::lock_guard lock(guard_);
    figures_[batch.item].inserted += written->inserted;
    figures_[batch.item].duplicates += written->duplicates;
    setting_.progress.scanned += batch.count;
    return {};
  }

  /// Indexes, then the name.
  Status finish(size_t item) {
    const Definition& of = definition(item);
    if (of.is_view()) return {};
    if (setting_.stop.requested()) return setting_.stop.error();
    TRY(make_indexes(item));
    if (mode_of(item) != LoadMode::kReplace) return {};
    TRY(check_whole(item));
    auto there = existing_.find(of.name);
    bool other_kind =
        there != existing_.end() && there->second.view().get_string("type") != "collection";
    if (other_kind) TRY(drop(of.name));
    Document rename = make_document("renameCollection", setting_.database + "." + target_of(item),
                                    "to", setting_.database + "." + of.name, "dropTarget", true);
    rename.append("writeConcern", majority());
    auto renamed = setting_.client.run("admin", rename);
    if (renamed) return {};
    return std::move(renamed).error().while_doing("putting " + of.name + " in its place");
  }

  Status make_indexes(size_t item) {
    constexpr int kOptionsConflict = 85, kKeyConflict = 86;
    Array specs = index_specs(definition(item));
    if (specs.size() == 0) return {};
    Document create = make_document("createIndexes", target_of(item));
    create.append_array("indexes", specs.view()).append("writeConcern", majority());
    auto made = command(create);
    const std::string& name = definition(item).name;
    if (made) {
      figures_[item].indexes = static_cast<int64_t>(specs.size());
      return {};
    }
    int code = made.error().server_code;
    bool differs = code == kOptionsConflict || code == kKeyConflict;
    bool keeps = mode_of(item) == LoadMode::kAdd || mode_of(item) == LoadMode::kPut;
    if (!differs || !keeps)
      return std::move(made).error().while_doing("making the indexes of " + name);
    setting_.warn(fmt::format("{} has other indexes than the backup's; they stay: {}", name,
                              made.error().message));
    return {};
  }

  /// Before it takes the place of what is there: everything of the backup must be in it.
  Status check_whole(size_t item) {
    if (definition(item).is_capped()) return {};
    int64_t found = TRY(
        mongo::Collection(setting_.client, setting_.database, target_of(item)).estimated_count());
    int64_t sent = figures_[item].inserted + figures_[item].duplicates;
    if (found == sent) return {};
    return Error{
        ErrorKind::kFailed,
        fmt::format("{}: {} documents are there after {} were inserted and {} had an _id "
                    "that was there already; the collection was left as it was",
                    definition(item).name, with_commas(found), with_commas(figures_[item].inserted),
                    with_commas(figures_[item].duplicates)),
        "give the same command again"};
  }

  Status make_view(size_t item) {
    const Definition& of = definition(item);
    if (!of.is_view()) return {};
    if (mode_of(item) == LoadMode::kReplace) TRY(drop(of.name));
    auto made = command(create_command(of.name, of));
    if (made) return {};
    if (made.error().server_code != kNamespaceExists) {
      return std::move(made).error().while_doing("creating the view " + of.name);
    }
    warn_of_other_options(of);
    return {};
  }

  const LoadSetting& setting_;
  std::vector<LoadFigures>& figures_;
  std::vector<std::optional<size_t>> by_collection_;  ///< the item of each collection
  std::vector<InsertTarget> targets_;                 ///< of each item
  std::map<std::string, Document> existing_;
  std::mutex guard_;
};

}  // namespace

Status load(const LoadSetting& setting, std::vector<LoadFigures>& figures) {
  figures.assign(setting.items.size(), {});
  return Load(setting, figures).run();
}

}  // namespace whimbrel::backup
