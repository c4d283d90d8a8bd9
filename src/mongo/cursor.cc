#include "mongo/cursor.h"

#include <utility>

namespace whimbrel::mongo {

int64_t Cursor::batch_size_of(View command) {
  int64_t of_find = command.get_int("batchSize");
  return of_find > 0 ? of_find : command.get_document("cursor").get_int("batchSize");
}

Result<Cursor> Cursor::open(Client& client, std::string_view database, View command,
                            Session* session) {
  Cursor cursor(client, database, command);
  cursor.session_ = session;
  if (!session) cursor.own_session_.emplace(TRY(Session::start_reading(client, command)));
  Document reply = TRY(client.run(database, command, cursor.session(), &cursor.router_));
  cursor.take(std::move(reply), "firstBatch");
  return cursor;
}

Cursor::Cursor(Cursor&& other) noexcept
    : client_(other.client_),
      database_(std::move(other.database_)),
      batch_size_(other.batch_size_),
      session_(other.session_),
      own_session_(std::move(other.own_session_)),
      router_(other.router_),
      id_(std::exchange(other.id_, 0)),
      collection_(std::move(other.collection_)),
      reply_(std::move(other.reply_)),
      documents_(std::move(other.documents_)),
      at_(other.at_) {}

Cursor::~Cursor() {
  if (id_ == 0) return;
  Document ids = make_document("0", id_);
  Document command = make_document("killCursors", collection_);
  command.append_array("cursors", ids);
  (void)client_->run(database_, command, session(), &router_);
}

Result<std::optional<View>> Cursor::next() {
  while (at_ == documents_.size()) {
    if (id_ == 0) return std::optional<View>();
    TRY(get_more());
  }
  return std::optional<View>(documents_[at_++].as_document());
}

Status Cursor::get_more() {
  Document command = make_document("getMore", id_, "collection", collection_);
  if (batch_size_ > 0) command.append("batchSize", batch_size_);
  documents_.clear();
  at_ = 0;
  reply_ = Document();
  auto reply = client_->run(database_, command, session(), &router_);
  if (!reply) {
    id_ = 0;
    return std::move(reply).error();
  }
  take(std::move(*reply), "nextBatch");
  return {};
}

void Cursor::take(Document reply, std::string_view documents_key) {
  reply_ = std::move(reply);
  View cursor = reply_.view().get_document("cursor");
  id_ = cursor.get_int("id");
  std::string name_space = cursor.get_string("ns");
  collection_ = name_space.substr(std::min(name_space.size(), name_space.find('.') + 1));
  documents_ = cursor.get_document(documents_key).elements();
  at_ = 0;
}

}  // namespace whimbrel::mongo
