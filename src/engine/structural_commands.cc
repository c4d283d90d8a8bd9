#include "engine/structural_commands.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "engine/swap.h"
#include "engine/task.h"
#include "state/journal.h"

namespace whimbrel {

using mongo::Array;
using mongo::Collection;
using mongo::Document;
using mongo::make_document;
using mongo::Value;
using mongo::View;

namespace {

constexpr int kNamespaceNotFound = 26;
constexpr int kIndexNotFound = 27;
constexpr int kNamespaceExists = 48;
constexpr int kNever = -1;

Document majority() {
  return make_document("w", "majority", "j", true);
}

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// An index description as `createIndexes` takes it back.
Document recreatable(View listed) {
  Document spec;
  for (const Value& field : listed.elements()) {
    if (field.key() != "v" && field.key() != "ns") spec.append(field.key(), field);
  }
  return spec;
}

/// What collMod takes to give an index back those of its options that `wanted` names.
Document index_options_of(View index, View wanted) {
  Document back = make_document("name", index.get_string("name"));
  for (const char* flag : {"hidden", "prepareUnique"}) {
    if (wanted.find(flag)) back.append(flag, index.get_bool(flag));
  }
  if (wanted.find("expireAfterSeconds"))
    back.append("expireAfterSeconds", *index.find("expireAfterSeconds"));
  return back;
}

int64_t average_bytes(const std::vector<Document>& documents) {
  size_t bytes = 0;
  for (const Document& document : documents) bytes += document.bytes().size();
  return static_cast<int64_t>(bytes / std::max<size_t>(1, documents.size()));
}

}  // namespace

Result<std::vector<Document>> Commands::indexes(const std::string& collection) const {
  auto cursor = mongo::Cursor::open(client_, database_, make_document("listIndexes", collection));
  std::vector<Document> found;
  if (!cursor && cursor.error().server_code == kNamespaceNotFound) return found;
  if (!cursor) return std::move(cursor).error();
  while (auto index = TRY(cursor->next())) found.emplace_back(*index);
  return found;
}

Result<bool> Commands::exists(const std::string& collection) const {
  return TRY(read_facts(client_, database_, collection)).exists;
}

Status Commands::send(const Document& command, bool again, int done_already_code) const {
  auto reply = client_.run(database_, command);
  if (reply) return {};
  if (again && reply.error().server_code == done_already_code) return {};
  return std::move(reply).error();
}

Result<Document> Commands::missing_indexes(const CreateIndexesStep& step) const {
  auto present = TRY(indexes(step.collection));
  Array missing;
  for (const Document& wanted : step.indexes) {
    std::string name = wanted.view().get_string("name");
    bool there = std::any_of(present.begin(), present.end(), [&](const Document& index) {
      return index.view().get_string("name") == name;
    });
    if (!there) missing.add(std::string_view(name));
  }
  Document undo;
  undo.append_array("created", missing.view());
  return undo;
}

Result<Document> Commands::index_specs(const DropIndexesStep& step) const {
  Array specs;
  for (const Document& index : TRY(indexes(step.collection))) {
    std::string name = index.view().get_string("name");
    bool all = contains(step.names, "*") && name != "_id_";
    if (all || contains(step.names, name)) specs.add(recreatable(index));
  }
  Document undo;
  undo.append_array("dropped", specs.view());
  return undo;
}

Result<Document> Commands::absence(const std::string& collection) const {
  bool there = TRY(exists(collection));
  return make_document("created", !there);
}

Result<Document> Commands::present_options(const CollModStep& step) const {
  CollectionFacts facts = TRY(read_facts(client_, database_, step.collection));
  Document before;
  View options = facts.options;
  View changed = step.options;
  auto keep = [&](const char* key, const auto& otherwise) {
    if (!changed.find(key)) return;
    if (auto present = options.find(key)) before.append(key, *present);
    else before.append(key, otherwise);
  };
  keep("validator", Document());
  keep("validationLevel", "strict");
  keep("validationAction", "error");
  keep("viewOn", "");
  keep("pipeline", Document());
  keep("changeStreamPreAndPostImages", make_document("enabled", false));
  keep("expireAfterSeconds", "off");
  if (options.find("size") && changed.find("cappedSize"))
    before.append("cappedSize", *options.find("size"));
  if (options.find("max") && changed.find("cappedMax"))
    before.append("cappedMax", *options.find("max"));
  if (!changed.find("index")) return make_document("before", before);
  View wanted = changed.get_document("index");
  for (const Document& index : TRY(indexes(step.collection))) {
    View spec = index;
    bool same = spec.get_string("name") == wanted.get_string("name") ||
                spec.get_document("key").same_bytes(wanted.get_document("keyPattern"));
    if (!same) continue;
    // collMod can neither take a TTL away nor make a unique index an ordinary one.
    bool new_ttl = wanted.find("expireAfterSeconds") && !spec.find("expireAfterSeconds");
    if (new_ttl || wanted.get_bool("unique")) {
      return make_document("before", before, "rebuild", recreatable(spec));
    }
    before.append("index", index_options_of(spec, wanted));
  }
  return make_document("before", before);
}

Status Commands::insert(const StepKey& key, const InsertStep& step) const {
  Collection collection(client_, database_, step.collection);
  Journal journal(client_, database_);
  std::vector<Value> ids;
  for (const Document& document : step.documents) ids.push_back(*document.view().find("_id"));
  auto current = TRY(read_current(collection, ids, average_bytes(step.documents), nullptr));
  auto recorded = TRY(journal.read_batch(key, 0, 0));
  std::vector<Replacement> wanted;
  JournalEntry entry;
  for (size_t i = 0; i < ids.size(); ++i) {
    View document = step.documents[i];
    bool same = current[i].same_bytes(document);
    if (!current[i].empty() && !same) {
      return Error{ErrorKind::kFailed,
                   fmt::format("insert into {}: _id {} is there already, with other content",
                               step.collection, ids[i].to_json()),
                   "remove or rename one of the two, then: whimbrel up"};
    }
    if (same) continue;
    wanted.push_back({ids[i], View(), document});
    entry.before.add(make_document("_id", ids[i]));
    entry.after.push_back(mongo::digest_of(document));
  }
  if (wanted.empty()) return {};
  if (recorded.empty()) (void)TRY(journal.add(key, entry, entry.before.views(), nullptr));
  SwapOutcome outcome = TRY(swap_guarded(collection, wanted));
  if (!outcome.refused.empty()) return outcome.refused.front().error;
  if (outcome.untouched.empty()) return {};
  return Error{
      ErrorKind::kFailed,
      fmt::format("insert into {}: somebody inserted the same _id at this moment", step.collection),
      "whimbrel up"};
}

Status Commands::create_indexes(const CreateIndexesStep& step) const {
  Document command = make_document("createIndexes", step.collection);
  command.append_array("indexes", step.indexes).append("writeConcern", majority());
  return send(command, false, kNever);
}

Status Commands::drop_indexes(const DropIndexesStep& step, bool again) const {
  for (const std::string& name : step.names) {
    Document command = make_document("dropIndexes", step.collection, "index", name);
    command.append("writeConcern", majority());
    TRY(send(command, again, kIndexNotFound));
  }
  return {};
}

Status Commands::create_collection(const CreateCollectionStep& step, bool again) const {
  Document command = make_document("create", step.collection);
  command.append_all(step.options).append("writeConcern", majority());
  return send(command, again, kNamespaceExists);
}

Status Commands::drop_collection(const std::string& collection) const {
  Document command = make_document("drop", collection, "writeConcern", majority());
  return send(command, true, kNamespaceNotFound);
}

Status Commands::rename(const std::string& from, const std::string& to, bool again) const {
  if (again && !TRY(exists(from)) && TRY(exists(to))) return {};
  Document command =
      make_document("renameCollection", database_ + "." + from, "to", database_ + "." + to);
  command.append("writeConcern", majority());
  TRY(client_.run("admin", command));
  return {};
}

Status Commands::coll_mod(const std::string& collection, const Document& options) const {
  Document command = make_document("collMod", collection);
  command.append_all(options).append("writeConcern", majority());
  return send(command, false, kNever);
}

Status Commands::run(const Document& command) const {
  auto reply = TRY(client_.run(database_, command));
  auto errors = reply.view().get_document("writeErrors").elements();
  if (errors.empty()) return {};
  View first = errors.front().as_document();
  Error error{ErrorKind::kFailed, first.get_string("errmsg")};
  error.server_code = static_cast<int>(first.get_int("code"));
  return error;
}

Status Commands::remove_inserted(const StepKey& key, const InsertStep& step,
                                 std::vector<mongo::OwnedValue>& conflicts) const {
  Collection collection(client_, database_, step.collection);
  Journal journal(client_, database_);
  for (const JournalEntry& entry : TRY(journal.read_batch(key, 0, 0))) {
    std::vector<Value> ids;
    for (size_t i = 0; i < entry.before.size(); ++i) ids.push_back(*entry.before[i].find("_id"));
    auto current = TRY(read_current(collection, ids, average_bytes(step.documents), nullptr));
    std::vector<Replacement> removals;
    for (size_t i = 0; i < ids.size(); ++i) {
      if (current[i].empty()) continue;
      bool ours = mongo::digest_of(current[i]) == entry.after[i];
      if (ours) removals.push_back({ids[i], current[i], View()});
      else conflicts.emplace_back(ids[i]);
    }
    SwapOutcome outcome = TRY(swap_guarded(collection, removals));
    for (size_t position : outcome.untouched) conflicts.emplace_back(removals[position].id);
  }
  return {};
}

Status Commands::drop_created(const std::string& collection, const Document& undo) const {
  for (const Value& name : undo.view().get_document("created").elements()) {
    Document command = make_document("dropIndexes", collection, "index", name);
    command.append("writeConcern", majority());
    Status dropped = send(command, true, kIndexNotFound);
    if (!dropped && dropped.error().server_code != kNamespaceNotFound) return dropped;
  }
  return {};
}

Status Commands::recreate(const std::string& collection, const Document& undo) const {
  View specs = undo.view().get_document("dropped");
  if (specs.empty()) return {};
  Document command = make_document("createIndexes", collection);
  command.append_array("indexes", specs).append("writeConcern", majority());
  return send(command, false, kNever);
}

Status Commands::drop_if_empty(const std::string& collection, const Document& undo) const {
  if (!undo.view().get_bool("created")) return {};
  CollectionFacts facts = TRY(read_facts(client_, database_, collection));
  if (!facts.exists) return {};
  bool has_documents = !facts.is_view &&
                       TRY(Collection(client_, database_, collection).find_one(View())).has_value();
  if (!has_documents) return drop_collection(collection);
  return Error{
      ErrorKind::kFailed,
      fmt::format("undoing createCollection {}: it has documents that this migration did not "
                  "put there",
                  collection),
      "move or remove them, then: whimbrel down"};
}

Status Commands::coll_mod_back(const std::string& collection, const Document& undo) const {
  Document before(undo.view().get_document("before"));
  if (!before.view().empty()) TRY(coll_mod(collection, before));
  return rebuild(collection, undo.view().get_document("rebuild"));
}

/// As it was. Interrupted between the two, the index is missing, and the next `down` makes it.
Status Commands::rebuild(const std::string& collection, View index) const {
  if (index.empty()) return {};
  TRY(drop_indexes({collection, {index.get_string("name")}}, true));
  Document command = make_document("createIndexes", collection);
  command.append_array("indexes", Array().add(index).view());
  return send(command.append("writeConcern", majority()), false, kNever);
}

}  // namespace whimbrel
