// Reads and writes of one collection, as plain commands.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mongo/cursor.h"

namespace whimbrel::mongo {

/// A command could hold 16 MiB, but each byte of it is in memory three times on its way to the
/// server: writes of many documents are split at this size.
inline constexpr size_t kCommandBytes = 1 << 20;

/// The same for replies: how many documents of `likely_bytes` each to ask for at a time. Those of
/// the default batch, 1,000 of 2 KiB, come in one reply.
int64_t documents_at_a_time(int64_t likely_bytes);

/// One refused write of a bulk; the others may have happened.
struct WriteError {
  size_t index = 0;  ///< position among the writes sent
  Error error;
};

struct WriteOutcome {
  int64_t matched = 0;   ///< `n`: matched, inserted or deleted
  int64_t modified = 0;  ///< `nModified`
  int64_t upserted = 0;
  std::vector<WriteError> errors;

  /// The first refused write as an Error.
  Status all_accepted() const;
};

enum class Upsert { kNo, kYes };

/// The filter `{_id: ObjectId}`, of 24 hex digits.
Document only_id(std::string_view object_id);
/// The filter `{_id: {$in: […]}}`. No query can ask for the type `undefined`.
Document only_ids(View array);

/// All documents of a `find` or `aggregate` command. A cursor that is lost between two of its
/// batches is opened again, as Client::ride_out() says.
Result<std::vector<Document>> read_all(Client& client, std::string_view database, View command,
                                       Session* session = nullptr);

/// Borrows its client: same thread, shorter life.
class Collection {
 public:
  Collection(Client& client, std::string_view database, std::string_view name)
      : client_(&client), database_(database), name_(name) {}

  const std::string& name() const { return name_; }
  const std::string& database() const { return database_; }
  Client& client() const { return *client_; }

  Result<std::optional<Document>> find_one(View filter, View sort = View(),
                                           Session* session = nullptr) const;
  Result<Cursor> find(View filter, View sort = View(), Session* session = nullptr) const;
  /// As read_all(): for results known to be few.
  Result<std::vector<Document>> find_all(View filter, View sort = View(),
                                         Session* session = nullptr) const;
  Result<std::vector<Document>> aggregate_all(View pipeline, Session* session = nullptr) const;
  Result<int64_t> count(View filter, Session* session = nullptr) const;
  /// Documents by the collection's metadata: fast, not exact after an unclean shutdown.
  Result<int64_t> estimated_count() const;

  Status insert_one(View document, Session* session = nullptr) const;
  /// Updates exactly what `filter` says; matched tells whether it was there.
  Result<WriteOutcome> update_one(View filter, View update, Upsert upsert = Upsert::kNo,
                                  Session* session = nullptr) const;
  Result<WriteOutcome> update_many(View filter, View update, Session* session = nullptr) const;
  Result<WriteOutcome> remove_many(View filter, Session* session = nullptr) const;
  Result<WriteOutcome> remove_one(View filter, Session* session = nullptr) const;
  /// Atomically updates one document by `update` (document or pipeline) and returns it afterwards.
  Result<std::optional<Document>> find_and_update(View filter, const Value& update, Upsert upsert,
                                                  Session* session = nullptr) const;

  /// A whole `insert`, `update` or `delete` command with its statements; `extra` goes into the
  /// command (`let`, `ordered`, …). Statements that are moved in are freed before it is sent.
  Result<WriteOutcome> write(std::string_view command, std::string_view statements_key,
                             View statements, View extra = View(),
                             Durability durability = Durability::kMajority,
                             Session* session = nullptr) const;
  Result<WriteOutcome> write(std::string_view command, std::string_view statements_key,
                             Array statements, View extra = View(),
                             Durability durability = Durability::kMajority,
                             Session* session = nullptr) const;

 private:
  Result<WriteOutcome> write_one(std::string_view command, std::string_view statements_key,
                                 View statement, Session* session) const;
  Result<WriteOutcome> run_write(Document command, Durability durability, Session* session) const;

  Client* client_;
  std::string database_;
  std::string name_;
};

}  // namespace whimbrel::mongo
