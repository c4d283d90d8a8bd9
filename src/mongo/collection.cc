#include "mongo/collection.h"

#include <algorithm>

#include "base/retry.h"
#include "base/stop.h"
#include "mongo/error.h"

namespace whimbrel::mongo {
namespace {

Document find_command(std::string_view name, View filter, View sort) {
  Document command = make_document("find", name, "filter", filter);
  if (!sort.empty()) command.append("sort", sort);
  return command;
}

WriteOutcome read_outcome(View reply) {
  WriteOutcome outcome;
  outcome.matched = reply.get_int("n");
  outcome.modified = reply.get_int("nModified");
  outcome.upserted = static_cast<int64_t>(reply.get_document("upserted").count());
  for (const Value& item : reply.get_document("writeErrors").elements()) {
    View refused = item.as_document();
    outcome.errors.push_back(
        {static_cast<size_t>(refused.get_int("index")), to_error(refused, reply)});
  }
  return outcome;
}

}  // namespace

int64_t documents_at_a_time(int64_t likely_bytes) {
  constexpr int64_t kReplyBytes = 2 << 20;
  return std::max<int64_t>(1, kReplyBytes / std::max<int64_t>(1, likely_bytes));
}

Document only_id(std::string_view object_id) {
  Document filter;
  filter.append_object_id("_id", object_id);
  return filter;
}

Document only_ids(View array) {
  Document in;
  in.append_array("$in", array);
  return make_document("_id", in);
}

Result<std::vector<Document>> read_all(Client& client, std::string_view database, View command,
                                       Session* session) {
  auto attempt = [&]() -> Result<std::vector<Document>> {
    std::vector<Document> documents;
    auto cursor = TRY(Cursor::open(client, database, command, session));
    while (auto document = TRY(cursor.next())) documents.emplace_back(*document);
    return documents;
  };
  bool repeats = client.patience().count() > 0 && !(session && session->in_transaction());
  if (!repeats) return attempt();
  return retry_transient(process_stop(), attempt, {.patience = client.patience()});
}

Status WriteOutcome::all_accepted() const {
  if (errors.empty()) return {};
  return errors.front().error;
}

Result<std::optional<Document>> Collection::find_one(View filter, View sort,
                                                     Session* session) const {
  Document command = find_command(name_, filter, sort);
  command.append("limit", 1).append("singleBatch", true);
  Document reply = TRY(client_->run(database_, command, session));
  auto first = reply.view().at_path("cursor.firstBatch.0");
  if (!first) return std::optional<Document>();
  return std::optional<Document>(Document(first->as_document()));
}

Result<Cursor> Collection::find(View filter, View sort, Session* session) const {
  return Cursor::open(*client_, database_, find_command(name_, filter, sort), session);
}

Result<std::vector<Document>> Collection::find_all(View filter, View sort, Session* session) const {
  return read_all(*client_, database_, find_command(name_, filter, sort), session);
}

Result<std::vector<Document>> Collection::aggregate_all(View pipeline, Session* session) const {
  Document command = make_document("aggregate", name_);
  command.append_array("pipeline", pipeline).append("cursor", Document());
  return read_all(*client_, database_, command, session);
}

Result<int64_t> Collection::count(View filter, Session* session) const {
  Document match = make_document("$match", filter);
  Document body;
  body.append_null("_id").append("n", make_document("$sum", 1));
  Document group = make_document("$group", body);
  auto found = TRY(aggregate_all(Array().add(match).add(group).view(), session));
  return found.empty() ? 0 : found.front().view().get_int("n");
}

Result<int64_t> Collection::estimated_count() const {
  Document reply = TRY(client_->run(database_, make_document("count", name_)));
  return reply.view().get_int("n");
}

Status Collection::insert_one(View document, Session* session) const {
  TRY(write_one("insert", "documents", document, session));
  return {};
}

Result<WriteOutcome> Collection::update_one(View filter, View update, Upsert upsert,
                                            Session* session) const {
  Document statement = make_document("q", filter, "u", update);
  if (upsert == Upsert::kYes) statement.append("upsert", true);
  return write_one("update", "updates", statement, session);
}

Result<WriteOutcome> Collection::update_many(View filter, View update, Session* session) const {
  return write_one("update", "updates", make_document("q", filter, "u", update, "multi", true),
                   session);
}

Result<WriteOutcome> Collection::remove_many(View filter, Session* session) const {
  return write_one("delete", "deletes", make_document("q", filter, "limit", 0), session);
}

Result<WriteOutcome> Collection::remove_one(View filter, Session* session) const {
  return write_one("delete", "deletes", make_document("q", filter, "limit", 1), session);
}

Result<std::optional<Document>> Collection::find_and_update(View filter, const Value& update,
                                                            Upsert upsert, Session* session) const {
  Document command = make_document("findAndModify", name_, "query", filter);
  command.append("update", update).append("new", true).append("upsert", upsert == Upsert::kYes);
  if (!session || !session->in_transaction()) {
    command.append("writeConcern", make_document("w", "majority", "j", true));
  }
  Document reply = TRY(client_->run(database_, command, session));
  auto value = reply.view().find("value");
  if (!value || !value->is_document()) return std::optional<Document>();
  return std::optional<Document>(Document(value->as_document()));
}

Result<WriteOutcome> Collection::write(std::string_view command, std::string_view statements_key,
                                       View statements, View extra, Durability durability,
                                       Session* session) const {
  Document whole = make_document(command, name_);
  whole.append_all(extra);
  whole.append_array(statements_key, statements);
  return run_write(std::move(whole), durability, session);
}

Result<WriteOutcome> Collection::write(std::string_view command, std::string_view statements_key,
                                       Array statements, View extra, Durability durability,
                                       Session* session) const {
  Document whole = make_document(command, name_);
  whole.append_all(extra);
  whole.append_array(statements_key, statements.view());
  statements = Array();
  return run_write(std::move(whole), durability, session);
}

Result<WriteOutcome> Collection::write_one(std::string_view command,
                                           std::string_view statements_key, View statement,
                                           Session* session) const {
  Document whole = make_document(command, name_);
  whole.append_array(statements_key, std::span(&statement, 1));
  auto outcome = TRY(run_write(std::move(whole), Durability::kMajority, session));
  TRY(outcome.all_accepted());
  return outcome;
}

Result<WriteOutcome> Collection::run_write(Document command, Durability durability,
                                           Session* session) const {
  if (!session || !session->in_transaction()) {
    Document majority = make_document("w", "majority", "j", true);
    command.append("writeConcern",
                   durability == Durability::kMajority ? majority : make_document("w", 1));
  }
  Document reply = TRY(client_->run(database_, command, session));
  auto concern = reply.view().find("writeConcernError");
  if (concern) return to_error(concern->as_document(), reply);
  return read_outcome(reply);
}

}  // namespace whimbrel::mongo
