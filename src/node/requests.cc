#include "node/requests.h"

#include <fmt/format.h>

#include "base/text.h"

namespace whimbrel::node {

using mongo::Document;
using mongo::make_document;
using mongo::Type;
using mongo::Value;
using mongo::View;

namespace {

std::optional<std::string> text_of(View object, std::string_view key) {
  auto value = object.find(key);
  if (!value || value->type() != Type::kString || value->as_string().empty()) return std::nullopt;
  return std::string(value->as_string());
}

Document driver_document(const DriverSetting& driver) {
  return make_document("uri", driver.uri, "database", driver.database, "config", driver.config_file,
                       "standsFor", driver.stands_for);
}

std::vector<std::string> texts_of(View array) {
  std::vector<std::string> texts;
  for (const Value& item : array.elements()) texts.emplace_back(item.as_string());
  return texts;
}

const char* hint_for(const ScriptError& failed) {
  if (failed.code == "WHIMBREL_NO_PACKAGE") {
    return "install it in the project: npm install mongodb";
  }
  if (failed.code == "WHIMBREL_NO_TYPESCRIPT") {
    return "npm install --save-dev tsx (or ts-node, or @swc-node/register), or use Node 22.18 or "
           "later";
  }
  return "";
}

Error disordered() {
  return Error{ErrorKind::kBug, "the Node host answered for another number of documents"};
}

}  // namespace

Error to_error(const ScriptError& failed, const std::string& file, ErrorKind kind) {
  std::string place = failed.line > 0 ? fmt::format("{}:{}", file, failed.line) : file;
  bool named =
      failed.name.empty() || failed.name == "Error" || !std::string_view(hint_for(failed)).empty();
  std::string what = named ? failed.message : fmt::format("{}: {}", failed.name, failed.message);
  if (!failed.code.empty() && *hint_for(failed) == '\0')
    what += fmt::format(" (code {})", failed.code);
  if (!failed.details.empty()) what += " " + failed.details;
  return Error{kind, fmt::format("{}: {}", place, what), hint_for(failed)};
}

Result<Reply> load_config_module(Host& host, const std::string& path) {
  return host.call("config", make_document("file", path));
}

Result<ScriptConfig> read_config(const Reply& reply) {
  Document whole = TRY(Document::from_json(reply.head.view().get_string("config")));
  View config = whole;
  View mongodb = config.get_document("mongodb");
  ScriptConfig read;
  read.uri = text_of(mongodb, "url");
  read.database = text_of(mongodb, "databaseName");
  read.driver_options = Document(mongodb.get_document("options"));
  read.migrations_directory = text_of(config, "migrationsDir");
  read.changelog_collection = text_of(config, "changelogCollectionName");
  read.lock_collection = text_of(config, "lockCollectionName");
  read.migration_extension = text_of(config, "migrationFileExtension");
  read.module_system = text_of(config, "moduleSystem");
  if (auto ttl = config.find("lockTtl"); ttl && ttl->is_number())
    read.lock_ttl_seconds = ttl->as_int();
  auto hash = config.find("useFileHash");
  read.use_file_hash = hash && hash->type() == Type::kBool && hash->as_bool();
  return read;
}

Result<Reply> connect(Host& host, const DriverSetting& driver) {
  return host.call("connect", driver_document(driver));
}

Result<Reply> load_migration_module(Host& host, const std::string& path) {
  return host.call("describe", make_document("file", path));
}

ScriptDescription read_description(const Reply& reply) {
  View head = reply.head;
  ScriptDescription described;
  described.up = head.get_bool("up");
  described.down = head.get_bool("down");
  described.migrate = head.get_bool("migrate");
  described.document = head.get_bool("document");
  described.transform = head.get_bool("transform");
  described.transform_batch = head.get_bool("transformBatch");
  described.revert = head.get_bool("revert");
  described.check = head.get_bool("check");
  auto collections = head.find("collections");
  described.exports_collections = collections.has_value();
  if (collections && collections->type() == Type::kArray)
    described.collections = texts_of(collections->as_document());
  auto transaction = head.find("transaction");
  described.exports_transaction = transaction.has_value();
  if (transaction && transaction->type() == Type::kBool)
    described.transaction = transaction->as_bool();
  described.description = head.get_string("description");
  described.keys = texts_of(head.get_document("keys"));
  described.collection = text_of(head, "collection");
  if (!reply.documents.empty()) described.where = Document(reply.documents[0]);
  auto reads = head.find("reads");
  if (reads && reads->type() != Type::kNull) described.reads.append("reads", *reads);
  described.options = Document(head.get_document("options"));
  return described;
}

Result<Reply> run_script(Host& host, const std::string& path, const std::string& function,
                         const Patience& patience) {
  return host.call("run", make_document("file", path, "direction", function), {}, patience);
}

Result<std::vector<TouchedCollection>> touched_collections(Host& host) {
  Reply reply = TRY(host.call("touched", Document()));
  std::vector<TouchedCollection> touched;
  for (const Value& one : reply.head.view().get_document("touched").elements()) {
    View what = one.as_document();
    touched.push_back({what.get_string("collection"), texts_of(what.get_document("commands"))});
  }
  return touched;
}

Result<Reply> open_migration(Host& host, const MigrationSetting& setting,
                             const Patience& patience) {
  Document arguments = driver_document(setting.driver);
  arguments.append("file", setting.path);
  arguments.append("migration",
                   make_document("name", setting.file, "file", setting.path, "run", setting.run));
  return host.call("open", std::move(arguments), {}, patience);
}

Result<Reply> close_migration(Host& host, const std::string& path, const Patience& patience) {
  return host.call("close", make_document("file", path), {}, patience);
}

Result<Reply> check_migration(Host& host, const std::string& path, const Patience& patience) {
  return host.call("check", make_document("file", path), {}, patience);
}

Result<TransformReply> transform(Host& host, const MigrationSetting& setting, bool reverts,
                                 const mongo::DocumentList& documents, const Patience& patience) {
  Document arguments = make_document("file", setting.path, "revert", reverts);
  arguments.append("timeout", static_cast<int64_t>(patience.most.count()));
  Reply reply = TRY(host.call("transform", std::move(arguments), documents, patience));
  TransformReply answer{{}, std::move(reply.failed), std::move(reply.documents)};
  if (answer.failed) return answer;
  answer.results.reserve(documents.size());
  size_t taken = 0;
  for (const Value& kind : reply.head.view().get_document("kinds").elements()) {
    TransformResult& result = answer.results.emplace_back();
    result.verdict = static_cast<Verdict>(kind.as_int());
    bool has_change = kind.as_int() >= 1 && kind.as_int() <= 3;
    if (!has_change) continue;
    if (taken >= answer.documents.size()) return disordered();
    result.change = answer.documents[taken++];
    if (result.verdict == Verdict::kPipeline) result.change = result.change.get_document("p");
  }
  if (answer.results.size() != documents.size()) return disordered();
  for (const Value& item : reply.head.view().get_document("failures").elements()) {
    auto at = static_cast<size_t>(item.as_document().get_int("at"));
    if (at >= answer.results.size()) return disordered();
    answer.results[at].failed = read_script_error(item.as_document());
  }
  return answer;
}

}  // namespace whimbrel::node
