#include <fmt/format.h>

#include <map>
#include <utility>

#include "engine/sinks.h"
#include "engine/swap.h"
#include "state/quarantine.h"

namespace whimbrel {

using mongo::Collection;
using mongo::Digest;
using mongo::Document;
using mongo::DocumentList;
using mongo::make_document;
using mongo::OwnedValue;
using mongo::Value;
using mongo::View;

namespace {

// How often a document that the application keeps writing is read again.
constexpr int kMostRounds = 5;

Error ambiguous() {
  return Error{ErrorKind::kFailed,
               "it is neither what it was before nor what this migration makes of it: the "
               "application wrote it around an interruption"};
}
Error contended() {
  return Error{ErrorKind::kFailed, "the application changed it faster than it could be migrated"};
}
Error taken() {
  return Error{ErrorKind::kFailed,
               "another document with this _id is in the target collection already"};
}

/// A document that cannot be written, and why.
struct Failure {
  Document before;
  OwnedValue id;
  Error error;
  bool ambiguous = false;
};

/// What documents are to become: an image for each, in their order.
struct Images {
  DocumentList after;
  std::vector<DocumentFailure> failed;
};

/// True when some attempt at this batch, by whomever, turned document `id` into `digest`.
bool was_made(const std::vector<JournalEntry>& entries, const Value& id, const Digest& digest) {
  for (const JournalEntry& entry : entries) {
    for (size_t i = 0; i < entry.before.size(); ++i) {
      if (entry.after[i] == digest && entry.before[i].find("_id")->same_bytes(id)) return true;
    }
  }
  return false;
}

class LedgerSink : public Sink {
 public:
  LedgerSink(mongo::Client& client, const DocumentTask& task, Transform& transform,
             BudgetShare& budget)
      : task_(task),
        transform_(transform),
        budget_(budget),
        source_(client, task.database, task.collection()),
        target_(client, task.database, task.target()),
        journal_(client, task.database),
        ranges_(client, task.database),
        quarantine_(client, task.database) {}

  Result<Checkpoint> write(const Range& range, const Batch& batch, const Changes& changes,
                           mongo::Session*) override {
    Work work{.range = range, .plan = batch.checkpoint({}), .attempt = first_attempt(range.epoch)};
    if (batch.open_entries.empty()) {
      TRY(write_attempt(work, batch.before, changes.after, changes.failed));
    } else {
      work.plan = *batch.open_entries.front().checkpoint;
      work.attempt = std::max(work.attempt, batch.open_entries.back().attempt + 1);
      TRY(settle(work, batch));
    }
    TRY(quarantine(work));
    work.counts.scanned = work.plan.counts.scanned;
    Checkpoint checkpoint{work.plan.upto, work.plan.ends_range, work.counts};
    TRY(ranges_.save(task_.key, range, checkpoint, mongo::Durability::kMajority, nullptr));
    return checkpoint;
  }

 private:
  struct Work {
    const Range& range;
    Checkpoint plan;
    int attempt = 0;  ///< the next one's number
    Counts counts = {};
    std::vector<Failure> failures = {};
    size_t budgeted = 0;  ///< failures that the budget bears already
  };

  bool has_journal() const { return task_.strategy == Strategy::kLedger; }
  bool is_script() const { return std::holds_alternative<TransformStep>(task_.step.body); }
  bool is_delete() const { return std::holds_alternative<DeleteStep>(task_.step.body); }
  bool is_copy() const { return std::holds_alternative<CopyStep>(task_.step.body); }

  /// Journals and writes `before` → `after`; documents that the application changed first are read
  /// and transformed again, and go round once more.
  Status write_attempt(Work& work, const DocumentList& before, const DocumentList& after,
                       const std::vector<DocumentFailure>& failed) {
    DocumentList again = TRY(write_round(work, before, after, failed, 1));
    for (int round = 2; !again.empty(); ++round) {
      Images images = TRY(transformed(again));
      again = TRY(write_round(work, again, images.after, images.failed, round));
    }
    return {};
  }

  /// Returns the documents that have to go round once more, as they are now.
  Result<DocumentList> write_round(Work& work, const DocumentList& before,
                                   const DocumentList& after,
                                   const std::vector<DocumentFailure>& failed, int round) {
    if (before.empty()) return DocumentList();
    // `before` was read before this: if somebody took over since, its guards will fail.
    TRY(ranges_.assert_owned(task_.key, work.range));
    std::vector<Replacement> wanted = plan_writes(work, before, after, failed);
    TRY(take_budget(work));
    if (wanted.empty()) return DocumentList();
    if (has_journal()) TRY(journal(work, wanted));
    SwapOutcome outcome = TRY(swap_guarded(target_, wanted));
    return sort_out(work, wanted, outcome, round);
  }

  /// Leaves out what does not change or has failed.
  std::vector<Replacement> plan_writes(Work& work, const DocumentList& before,
                                       const DocumentList& after,
                                       const std::vector<DocumentFailure>& failures) {
    std::vector<Replacement> wanted;
    auto failed = failures.begin();
    for (size_t i = 0; i < before.size(); ++i) {
      if (failed != failures.end() && failed->at == i) {
        OwnedValue id(*before[i].find("_id"));
        work.failures.push_back({Document(before[i]), std::move(id), (failed++)->error});
        continue;
      }
      View from = is_copy() ? View() : before[i];
      View to = is_delete() ? View() : after[i];
      if (from.same_bytes(to)) ++work.counts.unchanged;
      else wanted.push_back({is_copy() ? *to.find("_id") : *from.find("_id"), from, to});
    }
    return wanted;
  }

  Status journal(Work& work, const std::vector<Replacement>& wanted) {
    JournalEntry entry{
        .range = work.range.number, .batch = work.range.batch, .attempt = work.attempt++};
    entry.checkpoint = work.plan;
    std::vector<View> before;
    for (const Replacement& each : wanted) {
      if (is_copy()) entry.before.add(make_document("_id", each.id));
      else before.push_back(each.from);
      entry.after.push_back(is_delete() ? Digest{} : mongo::digest_of(each.to));
    }
    if (is_copy()) before = entry.before.views();
    work.counts.journal_bytes += TRY(journal_.add(task_.key, entry, before, nullptr));
    return {};
  }

  /// Counts what was written, keeps what failed, and reads again what the application changed
  /// first.
  Result<DocumentList> sort_out(Work& work, const std::vector<Replacement>& wanted,
                                const SwapOutcome& outcome, int round) {
    work.counts.modified += static_cast<int64_t>(outcome.written);
    for (const mongo::WriteError& refused : outcome.refused) {
      work.failures.push_back(failure(wanted[refused.index], refused.error));
    }
    std::vector<size_t> changed = TRY(not_ours(work, wanted, outcome.untouched));
    work.counts.conflicts += static_cast<int64_t>(changed.size());
    bool give_up = is_copy() || round >= kMostRounds;
    if (!give_up) return read_again(wanted, changed);
    for (size_t at : changed) {
      work.failures.push_back(failure(wanted[at], is_copy() ? taken() : contended()));
    }
    return DocumentList();
  }

  /// Leaves out the documents that are what this migration makes of them: an earlier owner of the
  /// lock, whose command was still under way, has written them.
  Result<std::vector<size_t>> not_ours(Work& work, const std::vector<Replacement>& wanted,
                                       const std::vector<size_t>& untouched) {
    std::vector<size_t> others;
    if (untouched.empty() || !has_journal()) return untouched;
    auto recorded = TRY(journal_.read_batch(task_.key, work.range.number, work.range.batch));
    std::vector<Value> ids;
    for (size_t at : untouched) ids.push_back(wanted[at].id);
    auto current = TRY(read_current(target_, ids, task_.facts.average_bytes, nullptr));
    for (size_t i = 0; i < untouched.size(); ++i) {
      View now = current[i];
      bool ours = !now.empty() && was_made(recorded, ids[i], mongo::digest_of(now));
      if (ours) ++work.counts.modified;
      else others.push_back(untouched[i]);
    }
    return others;
  }

  static Failure failure(const Replacement& wanted, Error error) {
    return {Document(wanted.from), OwnedValue(wanted.id), std::move(error)};
  }

  Result<DocumentList> read_again(const std::vector<Replacement>& wanted,
                                  const std::vector<size_t>& positions) {
    DocumentList documents;
    if (positions.empty()) return documents;
    mongo::Array ids;
    for (size_t position : positions) ids.add(wanted[position].id);
    auto cursor = TRY(source_.find(range_and(mongo::only_ids(ids.view()), task_.where())));
    while (auto document = TRY(cursor.next())) documents.add(*document);
    return documents;
  }

  /// The images of documents that are not a batch of the lane's: it cannot halve them, so they are
  /// halved here when one of them ends the script's host.
  Result<Images> transformed(const DocumentList& before) {
    auto changes = transform_.apply(before);
    if (changes) return Images{std::move(changes->after), std::move(changes->failed)};
    Error error = std::move(changes).error();
    if (error.blame != Blame::kBatch) return error;
    if (before.size() == 1) return Images{before, {{0, error}}};
    DocumentList halves[2];
    for (size_t i = 0; i < before.size(); ++i) halves[i < before.size() / 2 ? 0 : 1].add(before[i]);
    Images images = TRY(transformed(halves[0]));
    Images rest = TRY(transformed(halves[1]));
    for (size_t i = 0; i < rest.after.size(); ++i) images.after.add(rest.after[i]);
    for (DocumentFailure& failed : rest.failed) {
      images.failed.push_back({failed.at + halves[0].size(), std::move(failed.error)});
    }
    return images;
  }

  Status migrate(Work& work, const DocumentList& documents) {
    Images images = TRY(transformed(documents));
    return write_attempt(work, documents, images.after, images.failed);
  }

  /// Finishes a batch that was journalled and not checkpointed.
  Status settle(Work& work, const Batch& batch) {
    auto recorded = latest_images(batch.open_entries);
    DocumentList todo =
        is_copy() ? TRY(uncopied(work, batch, recorded)) : TRY(unchanged_yet(work, recorded));
    TRY(migrate(work, todo));
    return is_script() ? migrate_unrecorded(work, batch, recorded) : Status();
  }

  /// Documents that the script left as they are, and those that failed, are in no journal: it is
  /// asked again. Whoever inserted documents between them meanwhile may have made them many.
  Status migrate_unrecorded(Work& work, const Batch& batch,
                            const std::map<std::string, Image>& recorded) {
    DocumentList todo;
    auto cursor = TRY(source_.find(batch.filter(task_)));
    while (auto document = TRY(cursor.next())) {
      if (recorded.contains(document->find("_id")->map_key())) continue;
      todo.add(*document);
      bool full = todo.size() >= static_cast<size_t>(task_.limits.docs) ||
                  todo.bytes().size() >= static_cast<size_t>(task_.limits.bytes);
      if (full) TRY(migrate(work, std::exchange(todo, {})));
    }
    return migrate(work, todo);
  }

  Result<DocumentList> unchanged_yet(Work& work, const std::map<std::string, Image>& recorded) {
    std::vector<Value> ids;
    std::vector<const Image*> images;
    for (const auto& [key, image] : recorded) {
      ids.push_back(*image.before.find("_id"));
      images.push_back(&image);
    }
    auto current = TRY(read_current(target_, ids, task_.facts.average_bytes, nullptr));
    DocumentList todo;
    for (size_t i = 0; i < ids.size(); ++i) {
      View now = current[i];
      bool gone = now.empty() && !is_delete();
      if (gone) continue;  // the application deleted it: nothing to migrate
      Digest digest = now.empty() ? Digest{} : mongo::digest_of(now);
      if (digest == images[i]->after) ++work.counts.modified;
      else if (now.same_bytes(images[i]->before)) todo.add(now);
      else
        work.failures.push_back(
            {Document(images[i]->before), OwnedValue(ids[i]), ambiguous(), true});
    }
    return todo;
  }

  /// Documents of the source whose copies are not in the target yet.
  Result<DocumentList> uncopied(Work& work, const Batch& batch,
                                const std::map<std::string, Image>& recorded) {
    DocumentList source;
    auto cursor = TRY(source_.find(batch.filter(task_)));
    while (auto document = TRY(cursor.next())) source.add(*document);
    DocumentList copies = TRY(transformed(source)).after;
    std::vector<Value> ids;
    for (size_t i = 0; i < copies.size(); ++i) ids.push_back(*copies[i].find("_id"));
    auto current = TRY(read_current(target_, ids, task_.facts.average_bytes, nullptr));
    DocumentList todo;
    for (size_t i = 0; i < copies.size(); ++i) {
      auto ours = recorded.find(ids[i].map_key());
      View now = current[i];
      bool done =
          !now.empty() && ours != recorded.end() && mongo::digest_of(now) == ours->second.after;
      if (done) ++work.counts.modified;
      else todo.add(source[i]);
    }
    return todo;
  }

  /// An Error naming the first document that the budget does not bear.
  Status take_budget(Work& work) {
    const std::vector<Failure>& failures = work.failures;
    if (budget_.take(static_cast<int64_t>(failures.size() - work.budgeted))) {
      work.budgeted = failures.size();
      return {};
    }
    const Failure& first = failures[work.budgeted];
    return document_error(task_.migration, first.id.value(), first.error);
  }

  Status quarantine(Work& work) {
    TRY(take_budget(work));
    for (const Failure& failed : work.failures) {
      TRY(quarantine_.add(task_.key, task_.migration,
                          {failed.id, failed.error.server_code, failed.error.message, failed.before,
                           failed.ambiguous},
                          nullptr));
    }
    work.counts.quarantined += static_cast<int64_t>(work.failures.size());
    return {};
  }

  const DocumentTask& task_;
  Transform& transform_;
  BudgetShare& budget_;
  Collection source_;
  Collection target_;
  Journal journal_;
  Ranges ranges_;
  Quarantine quarantine_;
};

}  // namespace

std::unique_ptr<Sink> ledger_sink(mongo::Client& client, const DocumentTask& task,
                                  Transform& transform, BudgetShare& budget) {
  return std::make_unique<LedgerSink>(client, task, transform, budget);
}

Error document_error(const std::string& migration, const Value& id, const Error& reason) {
  Error error = reason;
  error.message = fmt::format("{}: document _id {}: {}", migration, id.to_json(), reason.message);
  error.hint =
      "mend the document and run `whimbrel up`, or leave it out: whimbrel up --max-errors 1";
  error.retry = Retry::kNo;
  error.blame = Blame::kDocument;
  return error;
}

}  // namespace whimbrel
