#include "engine/source.h"

#include <algorithm>

namespace whimbrel {

using mongo::Document;
using mongo::make_document;
using mongo::OwnedValue;

namespace {

Document ids_between(const Batch& batch, const OwnedValue& upto) {
  Document range = range_filter(batch.from, upto);
  return batch.only.view().empty() ? range : range_and(range, mongo::only_ids(batch.only));
}

class CollectionSource : public Source {
 public:
  CollectionSource(mongo::Client& client, const DocumentTask& task, Fetch fetch)
      : client_(client), task_(task), fetch_(fetch) {}

  Result<Batch> next(const Range& range, int docs, int64_t bytes,
                     mongo::Session* session) override {
    Batch batch;
    batch.from = {range.position(), range.position_included()};
    batch.only = range.ids;
    batch.now = client_.server_time();
    batch.before.reserve(static_cast<size_t>(std::min(bytes, docs * likely_bytes() * 5 / 4)));
    Document find = command(batch, range.hi, docs);
    auto cursor = TRY(mongo::Cursor::open(client_, task_.database, find, session));
    bool whole = TRY(take_documents(cursor, bytes, batch));
    bool all_read = whole && batch.before.size() < static_cast<size_t>(docs);
    end_batch(range, all_read, batch);
    return batch;
  }

 private:
  Document command(const Batch& batch, const OwnedValue& hi, int docs) const {
    Document by_id = make_document("_id", 1);
    // Ids alone come from the index: `where` would make the server read every document twice.
    bool ids_only = fetch_ == Fetch::kIdsOnly;
    Document range = ids_between(batch, hi);
    Document find =
        make_document("find", task_.collection(), "filter",
                      ids_only ? range : range_and(range, task_.where()), "sort", by_id);
    int64_t at_a_time = std::min<int64_t>(docs, mongo::documents_at_a_time(likely_bytes()));
    find.append("hint", by_id).append("limit", docs).append("batchSize", at_a_time);
    if (ids_only) find.append("projection", by_id);
    return find;
  }

  int64_t likely_bytes() const {
    constexpr int64_t kIdBytes = 32;
    return fetch_ == Fetch::kIdsOnly ? kIdBytes : std::max(kIdBytes, task_.facts.average_bytes);
  }

  /// False when the byte limit cut documents off.
  static Result<bool> take_documents(mongo::Cursor& cursor, int64_t bytes, Batch& batch) {
    int64_t taken = 0;
    while (auto document = TRY(cursor.next())) {
      taken += static_cast<int64_t>(document->size());
      if (taken > bytes && !batch.before.empty()) return false;
      batch.before.add(*document);
    }
    return true;
  }

  static void end_batch(const Range& range, bool all_read, Batch& batch) {
    if (!all_read) batch.upto = OwnedValue(*batch.before[batch.before.size() - 1].find("_id"));
    else batch.upto = range.hi;
    batch.ends_range = batch.upto == range.hi;
    auto seen = range.counts.scanned + static_cast<int64_t>(batch.before.size());
    if (batch.ends_range) batch.unmatched = std::max<int64_t>(0, range.keys - seen);
  }

  mongo::Client& client_;
  const DocumentTask& task_;
  Fetch fetch_;
};

class ResumingSource : public Source {
 public:
  ResumingSource(mongo::Client& client, const DocumentTask& task)
      : collection_(client, task, Fetch::kDocuments),
        journal_(client, task.database),
        task_(task) {}

  Result<Batch> next(const Range& range, int docs, int64_t bytes,
                     mongo::Session* session) override {
    auto entries = TRY(journal_.read_batch(task_.key, range.number, range.batch));
    if (entries.empty()) return collection_.next(range, docs, bytes, session);
    Batch batch;
    batch.from = {range.position(), range.position_included()};
    batch.only = range.ids;
    const Checkpoint& planned = *entries.front().checkpoint;
    batch.upto = planned.upto;
    batch.ends_range = planned.ends_range;
    batch.unmatched = planned.counts.scanned;
    batch.open_entries = std::move(entries);
    return batch;
  }

 private:
  CollectionSource collection_;
  Journal journal_;
  const DocumentTask& task_;
};

}  // namespace

Document Batch::filter(const DocumentTask& task) const {
  return range_and(ids_between(*this, upto), task.where());
}

Checkpoint Batch::checkpoint(Counts counts) const {
  counts.scanned = static_cast<int64_t>(before.size()) + unmatched;
  return {upto, ends_range, counts};
}

std::unique_ptr<Source> collection_source(mongo::Client& client, const DocumentTask& task,
                                          Fetch fetch) {
  return std::make_unique<CollectionSource>(client, task, fetch);
}

std::unique_ptr<Source> resuming_source(mongo::Client& client, const DocumentTask& task) {
  return std::make_unique<ResumingSource>(client, task);
}

}  // namespace whimbrel
