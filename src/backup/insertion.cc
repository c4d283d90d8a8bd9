#include "backup/insertion.h"

#include <algorithm>
#include <cstring>

#include "base/retry.h"

namespace whimbrel::backup {

using mongo::Array;
using mongo::Collection;
using mongo::Document;
using mongo::make_document;
using mongo::Type;
using mongo::View;

namespace {

constexpr int kDuplicateKey = 11000;
constexpr Backoff kBackoff{.patience = std::chrono::seconds(20)};

/// The server fills in a Timestamp(0, 0) that it finds in a document to insert.
bool would_be_filled_in(View document) {
  for (const mongo::Value& value : document.elements()) {
    if (value.type() != Type::kTimestamp || value.key() == "_id") continue;
    auto bytes = value.bytes();
    if (std::all_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte == 0; }))
      return true;
  }
  return false;
}

/// Puts the document in the place of the one with its `_id`, or makes it: a pipeline keeps every
/// byte.
Document put_statement(View document) {
  Document replace = make_document("$replaceWith", make_document("$literal", document));
  Document id = make_document("_id", make_document("$eq", *document.find("_id")));
  Document statement = make_document("q", id);
  statement.append_array("u", Array().add(replace).view());
  return statement.append("upsert", true);
}

Status check_errors(const mongo::WriteOutcome& outcome, int64_t& duplicates) {
  for (const mongo::WriteError& error : outcome.errors) {
    if (error.error.server_code != kDuplicateKey) return error.error;
    ++duplicates;
  }
  return {};
}

class Chunk {
 public:
  Chunk(Collection collection, const InsertTarget& target, const Stop& stop)
      : collection_(std::move(collection)), target_(target), stop_(stop) {}

  void sort(std::span<const uint8_t> documents) {
    for (size_t at = 0; at < documents.size();) {
      int32_t length = 0;
      std::memcpy(&length, documents.data() + at, sizeof length);
      View document(documents.subspan(at, static_cast<size_t>(length)));
      at += static_cast<size_t>(length);
      bool puts = target_.mode == LoadMode::kPut || would_be_filled_in(document);
      bool by_pipeline = puts && document.find("_id") && !target_.raw_buckets;
      if (by_pipeline) put_.push_back(document);
      else plain_.add(document);
    }
  }

  Result<Inserted> write() {
    Inserted result;
    TRY(insert(result));
    for (View document : put_) TRY(put(document, result));
    return result;
  }

 private:
  Status insert(Inserted& result) {
    if (plain_.size() == 0) return {};
    Document extra = make_document("ordered", false, "bypassDocumentValidation", true);
    if (target_.raw_buckets) extra.append("rawData", true);
    auto outcome = TRY(retry_transient(
        stop_,
        [&] {
          return collection_.write("insert", "documents", plain_.view(), extra,
                                   mongo::Durability::kAcknowledged);
        },
        kBackoff));
    int64_t duplicates = 0;
    TRY(check_errors(outcome, duplicates));
    result.duplicates += duplicates;
    result.inserted += static_cast<int64_t>(plain_.size()) - duplicates;
    return {};
  }

  Status put(View document, Inserted& result) {
    Document id = make_document("_id", make_document("$eq", *document.find("_id")));
    if (target_.mode == LoadMode::kAdd && TRY(collection_.find_one(id))) {
      ++result.duplicates;
      return {};
    }
    Document extra = make_document("bypassDocumentValidation", true);
    Array statements = Array().add(put_statement(document));
    auto outcome = TRY(retry_transient(
        stop_,
        [&] {
          return collection_.write("update", "updates", statements.view(), extra,
                                   mongo::Durability::kAcknowledged);
        },
        kBackoff));
    TRY(outcome.all_accepted());
    ++result.inserted;
    return {};
  }

  Collection collection_;
  const InsertTarget& target_;
  const Stop& stop_;
  Array plain_;
  std::vector<View> put_;
};

}  // namespace

Result<Inserted> insert_chunk(mongo::Client& client, const std::string& database,
                              const InsertTarget& target, std::span<const uint8_t> documents,
                              const Stop& stop) {
  Chunk chunk(Collection(client, database, target.collection), target, stop);
  chunk.sort(documents);
  return chunk.write();
}

}  // namespace whimbrel::backup
