#include <fmt/format.h>

#include <algorithm>

#include "engine/each_write.h"
#include "engine/images.h"
#include "engine/sinks.h"
#include "engine/swap.h"
#include "state/quarantine.h"

namespace whimbrel {

using mongo::Collection;
using mongo::Document;
using mongo::DocumentList;
using mongo::make_document;

namespace {

Error matched_otherwise(size_t read, int64_t matched) {
  Error error{
      ErrorKind::kFailed,
      fmt::format("`where` matched {} documents when reading and {} when writing", read, matched),
      "`where` must not depend on the time of day ($$NOW) or on chance"};
  error.retry = Retry::kTransient;
  return error;
}

Error gone() {
  return Error{ErrorKind::kBug, "a document of the batch was gone inside its own transaction"};
}

Error otherwise() {
  return Error{ErrorKind::kBug,
               "the server left a document as it was that the script's update should change",
               "please report this with the migration file"};
}

class TransactionSink : public Sink {
 public:
  TransactionSink(mongo::Client& client, const DocumentTask& task, BudgetShare& budget)
      : client_(client),
        task_(task),
        budget_(budget),
        target_(client, task.database, task.target()),
        journal_(client, task.database),
        ranges_(client, task.database),
        quarantine_(client, task.database) {}

  Result<Checkpoint> write(const Range& range, const Batch& batch, const Changes& changes,
                           mongo::Session* session) override {
    Counts counts;
    if (!batch.before.empty()) {
      ToJournal record{.entry = {.range = range.number, .batch = range.batch}};
      if (is_script()) counts = TRY(change_each(batch, changes, record, *session));
      else if (changes.on_server) counts = TRY(change_in_place(batch, record, *session));
      else counts = TRY(insert_copies(changes, record, *session));
      if (task_.step.journal && !record.before.empty()) {
        counts.journal_bytes = TRY(journal_.add(task_.key, record.entry, record.before, session));
      }
    }
    Checkpoint checkpoint = batch.checkpoint(counts);
    TRY(ranges_.save(task_.key, range, checkpoint, mongo::Durability::kMajority, session));
    return checkpoint;
  }

 private:
  /// What of a batch goes into the journal.
  struct ToJournal {
    JournalEntry entry;
    std::vector<mongo::View> before;  ///< pre-images: the batch's own, or entry.before
  };

  bool is_script() const { return std::holds_alternative<TransformStep>(task_.step.body); }

  /// Documents that stay as they are cost nothing: they are neither written nor journalled.
  Result<Counts> change_each(const Batch& batch, const Changes& changes, ToJournal& record,
                             mongo::Session& session) {
    TRY(set_aside(batch, changes, session));
    const std::vector<DocumentChange>& wanted = changes.each;
    auto outcome =
        TRY(write_each(target_, batch.before, changes, wanted, EachOrder::kStopAtError, &session));
    TRY(outcome.all_accepted());
    if (outcome.matched != static_cast<int64_t>(wanted.size())) return gone();
    Counts counts;
    counts.modified = outcome.modified;
    if (task_.step.journal) {
      TRY(journal_each(batch, changes, record, session));
      counts.modified = static_cast<int64_t>(record.before.size());
    }
    if (outcome.modified < certain(wanted)) return otherwise();
    counts.quarantined = static_cast<int64_t>(changes.failed.size());
    auto read = static_cast<int64_t>(batch.before.size());
    counts.unchanged = read - counts.modified - counts.quarantined;
    return counts;
  }

  static int64_t certain(const std::vector<DocumentChange>& wanted) {
    return std::count_if(wanted.begin(), wanted.end(), [](auto& change) { return change.after; });
  }

  Status set_aside(const Batch& batch, const Changes& changes, mongo::Session& session) {
    if (changes.failed.empty()) return {};
    if (!budget_.take(static_cast<int64_t>(changes.failed.size()))) {
      const DocumentFailure& first = changes.failed.front();
      return document_error(task_.migration, *batch.before[first.at].find("_id"), first.error);
    }
    for (const DocumentFailure& failure : changes.failed) {
      mongo::View before = batch.before[failure.at];
      QuarantinedDocument document{mongo::OwnedValue(*before.find("_id")),
                                   failure.error.server_code, failure.error.message,
                                   Document(before)};
      TRY(quarantine_.add(task_.key, task_.migration, document, &session));
    }
    return {};
  }

  /// Images that only the server knows are read back.
  Status journal_each(const Batch& batch, const Changes& changes, ToJournal& record,
                      mongo::Session& session) {
    std::vector<mongo::Value> unknown;
    for (const DocumentChange& change : changes.each) {
      if (!change.after) unknown.push_back(*batch.before[change.at].find("_id"));
    }
    auto made = TRY(read_current(target_, unknown, task_.facts.average_bytes, &session));
    size_t next = 0;
    for (const DocumentChange& change : changes.each) {
      mongo::View before = batch.before[change.at];
      mongo::View after = change.after ? changes.after[*change.after] : made[next++];
      if (after.same_bytes(before)) continue;
      record.before.push_back(before);
      record.entry.after.push_back(mongo::digest_of(after));
    }
    return {};
  }

  Result<Counts> change_in_place(const Batch& batch, ToJournal& record, mongo::Session& session) {
    auto outcome = TRY(write_range(client_, task_, batch, &session));
    auto read = static_cast<int64_t>(batch.before.size());
    if (outcome.matched != read) return matched_otherwise(batch.before.size(), outcome.matched);
    bool deletes = std::holds_alternative<DeleteStep>(task_.step.body);
    Counts counts;
    counts.modified = deletes ? outcome.matched : outcome.modified;
    counts.unchanged = read - counts.modified;
    record.before = batch.before.views();
    if (deletes) record.entry.after.resize(batch.before.size());
    else if (images_are_repeatable(client_, task_)) record.entry.now = batch.now;
    else if (task_.step.journal) TRY(read_digests(batch, record.entry, session));
    return counts;
  }

  /// Reads back what the server made of the batch, so that `down` recognises it.
  Status read_digests(const Batch& batch, JournalEntry& entry, mongo::Session& session) {
    Document by_id = make_document("_id", 1);
    Document find =
        make_document("find", task_.collection(), "filter",
                      range_filter({*first_id(batch), true}, last_id(batch)), "sort", by_id);
    find.append("hint", by_id)
        .append("batchSize", mongo::documents_at_a_time(task_.facts.average_bytes));
    auto cursor = TRY(mongo::Cursor::open(client_, task_.database, find, &session));
    size_t at = 0;
    while (auto document = TRY(cursor.next())) {
      // Documents between that `where` kept out are passed over.
      bool ours = at < batch.before.size() &&
                  document->find("_id")->same_bytes(*batch.before[at].find("_id"));
      if (ours) entry.after.push_back(mongo::digest_of(*document)), ++at;
    }
    if (at == batch.before.size()) return {};
    return gone();
  }

  static std::optional<mongo::OwnedValue> first_id(const Batch& batch) {
    return mongo::OwnedValue(*batch.before[0].find("_id"));
  }
  static mongo::OwnedValue last_id(const Batch& batch) {
    return mongo::OwnedValue(*batch.before[batch.before.size() - 1].find("_id"));
  }

  Result<Counts> insert_copies(const Changes& changes, ToJournal& record, mongo::Session& session) {
    std::vector<Replacement> inserts;
    for (size_t i = 0; i < changes.after.size(); ++i) {
      mongo::View copy = changes.after[i];
      inserts.push_back({*copy.find("_id"), mongo::View(), copy});
      record.entry.before.add(make_document("_id", *copy.find("_id")));
      record.entry.after.push_back(mongo::digest_of(copy));
    }
    record.before = record.entry.before.views();
    TRY(swap_in_transaction(target_, inserts, session));
    Counts counts;
    counts.modified = static_cast<int64_t>(inserts.size());
    return counts;
  }

  mongo::Client& client_;
  const DocumentTask& task_;
  BudgetShare& budget_;
  Collection target_;
  Journal journal_;
  Ranges ranges_;
  Quarantine quarantine_;
};

}  // namespace

std::unique_ptr<Sink> transaction_sink(mongo::Client& client, const DocumentTask& task,
                                       BudgetShare& budget) {
  return std::make_unique<TransactionSink>(client, task, budget);
}

}  // namespace whimbrel
