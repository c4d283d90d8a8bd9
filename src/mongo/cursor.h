// The documents that a command returns, one reply after the other.
#pragma once

#include <optional>
#include <vector>

#include "mongo/client.h"

namespace whimbrel::mongo {

/// The documents of a `find`, `aggregate` or `list…` command. One reply is in memory at a time:
/// `batchSize` in the command says how many documents that is, for all of them. Not thread-safe;
/// borrows its client and session.
class Cursor {
 public:
  static Result<Cursor> open(Client& client, std::string_view database, View command,
                             Session* session = nullptr);
  Cursor(Cursor&&) noexcept;
  /// Closes it on the server if it is still open there; at worst the server does so by itself, at
  /// the end of the transaction or after 10 minutes (cursorTimeoutMillis).
  ~Cursor();

  /// The next document, valid until the next call; nullopt at the end.
  Result<std::optional<View>> next();

 private:
  Cursor(Client& client, std::string_view database, View command)
      : client_(&client), database_(database), batch_size_(batch_size_of(command)) {}
  static int64_t batch_size_of(View command);
  Session* session() { return own_session_ ? &*own_session_ : session_; }
  Status get_more();
  void take(Document reply, std::string_view documents_key);

  Client* client_;
  std::string database_;
  int64_t batch_size_;
  Session* session_ = nullptr;
  std::optional<Session> own_session_;  ///< a cursor lives in the session that opened it
  Client::Router router_ = 0;
  int64_t id_ = 0;  ///< 0: the server has no more
  std::string collection_;
  Document reply_;
  std::vector<Value> documents_;  ///< of `reply_`
  size_t at_ = 0;                 ///< the next of them
};

}  // namespace whimbrel::mongo
