#include "engine/undo.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>

#include "base/retry.h"
#include "engine/application_watch.h"
#include "engine/images.h"
#include "engine/swap.h"
#include "state/journal.h"
#include "state/quarantine.h"

namespace whimbrel {

using mongo::Digest;
using mongo::Document;
using mongo::make_document;
using mongo::OwnedValue;
using mongo::Value;
using mongo::View;

namespace {

/// The batches of one range: they share a fence, so they stay in one lane.
struct Portion {
  int range = 0;
  std::vector<Journal::EntryKey> entries;
};

std::vector<Portion> portions_of(const std::vector<Journal::EntryKey>& entries) {
  std::vector<Portion> portions;
  // Several attempts at one batch are undone together.
  for (const Journal::EntryKey& entry : one_of_each_batch(entries)) {
    if (portions.empty() || portions.back().range != entry.range)
      portions.push_back({entry.range, {}});
    portions.back().entries.push_back(entry);
  }
  return portions;
}

class UndoLane {
 public:
  UndoLane(std::unique_ptr<mongo::Client> client, const DocumentTask& task, const Run& run,
           Progress& progress, const Stop& stop, Throttle& throttle, ApplicationWatch& watch)
      : client_(std::move(client)),
        task_(task),
        run_(run),
        progress_(progress),
        stop_(stop),
        throttle_(throttle),
        watch_(watch),
        target_(*client_, task.database, task.target()),
        journal_(*client_, task.database) {}

  Status undo(const Portion& portion) {
    for (const Journal::EntryKey& entry : portion.entries) {
      if (stop_.requested()) return stop_.error();
      Batch batch = TRY(undo_at_pace(entry));
      outcome.restored += static_cast<int64_t>(batch.restored);
      outcome.conflicts += static_cast<int64_t>(batch.conflicts.size());
      for (OwnedValue& id : batch.conflicts) {
        if (outcome.examples.size() < 10) outcome.examples.push_back(std::move(id));
      }
      progress_.scanned += static_cast<int64_t>(batch.restored + batch.conflicts.size());
      progress_.modified += static_cast<int64_t>(batch.restored);
    }
    return {};
  }

  UndoOutcome outcome;

 private:
  struct Batch {
    size_t restored = 0;
    std::vector<OwnedValue> conflicts;
  };

  bool inserted_documents() const { return std::holds_alternative<CopyStep>(task_.step.body); }
  bool transactional() const { return task_.strategy == Strategy::kTransaction; }

  /// Batches are as long as they were: beside an application, lanes can only rest between them.
  Result<Batch> undo_at_pace(const Journal::EntryKey& entry) {
    Batch batch;
    auto started = std::chrono::steady_clock::now();
    {
      Throttle::Turn allowed(throttle_, stop_);
      ApplicationWatch::Turn turn(watch_, stop_);
      if (stop_.requested()) return stop_.error();
      TRY(retry_transient(stop_, [&] { return undo_batch(entry, batch); }));
      allowed.documents = static_cast<int64_t>(batch.restored + batch.conflicts.size());
    }
    progress_.makes_way = watch_.pace().knows_application();
    std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - started;
    progress_.batch_docs = static_cast<int>(batch.restored + batch.conflicts.size());
    progress_.batch_ms = std::lround(took.count());
    stop_.sleep(watch_.pace().rest_after(took) + throttle_.rest_after(took));
    return batch;
  }

  Status undo_batch(const Journal::EntryKey& key, Batch& batch) {
    batch = Batch();
    auto entries = TRY(journal_.read_batch(task_.key, key.range, key.batch));
    for (JournalEntry& entry : entries) TRY(fill_in_digests(*client_, task_, entry));
    std::vector<Image> images = changed_images(entries);
    if (!transactional()) {
      TRY(restore(images, batch, nullptr));
      return finish(key, batch, nullptr);
    }
    auto session = TRY(mongo::Session::start(*client_));
    TRY(session.begin());
    TRY(Ranges(*client_, task_.database).assert_epoch(task_.key, key.range, run_.epoch, session));
    TRY(restore(images, batch, &session));
    TRY(finish(key, batch, &session));
    return session.commit();
  }

  Status restore(const std::vector<Image>& images, Batch& batch, mongo::Session* session) {
    std::vector<Value> ids;
    for (const Image& image : images) ids.push_back(*image.before.find("_id"));
    auto current = TRY(read_current(target_, ids, task_.facts.average_bytes, session));
    std::vector<Replacement> wanted;
    for (size_t i = 0; i < ids.size(); ++i) {
      View original = inserted_documents() ? View() : images[i].before;
      View now = current[i];
      Digest digest = now.empty() ? Digest{} : mongo::digest_of(now);
      if (now.same_bytes(original)) ++batch.restored;
      else if (digest == images[i].after) wanted.push_back({ids[i], now, original});
      else batch.conflicts.emplace_back(ids[i]);
    }
    if (session) {
      TRY(swap_in_transaction(target_, wanted, *session));
      batch.restored += wanted.size();
      return {};
    }
    SwapOutcome swapped = TRY(swap_guarded(target_, wanted));
    batch.restored += swapped.written;
    if (!swapped.refused.empty()) return swapped.refused.front().error;
    for (size_t at : swapped.untouched) batch.conflicts.emplace_back(wanted[at].id);
    return {};
  }

  Status finish(const Journal::EntryKey& key, const Batch& batch, mongo::Session* session) {
    Quarantine quarantine(*client_, task_.database);
    for (const OwnedValue& id : batch.conflicts) {
      QuarantinedDocument left;
      left.id = id;
      left.message = "changed since it was migrated; `down` left it as it is";
      TRY(quarantine.add(task_.key, task_.migration, left, session));
    }
    return journal_.remove_one(task_.key, {key.range, key.batch, -1}, session);
  }

  std::unique_ptr<mongo::Client> client_;
  const DocumentTask& task_;
  const Run& run_;
  Progress& progress_;
  const Stop& stop_;
  Throttle& throttle_;
  ApplicationWatch& watch_;
  mongo::Collection target_;
  Journal journal_;
};

void merge(UndoOutcome& into, const UndoOutcome& part) {
  into.restored += part.restored;
  into.conflicts += part.conflicts;
  for (const OwnedValue& id : part.examples) {
    if (into.examples.size() < 10) into.examples.push_back(id);
  }
}

}  // namespace

Result<UndoOutcome> undo_document_step(mongo::Client& client, const DocumentTask& task,
                                       const Run& run, Progress& progress, Stop& stop,
                                       Throttle& throttle) {
  TRY(drop_scratches(client, task));
  auto portions = portions_of(TRY(Journal(client, task.database).list(task.key)));
  const StepState& state = run.steps[static_cast<size_t>(task.key.step)];
  progress.reset();
  progress.total = state.counts.modified + state.counts.unchanged;
  ApplicationWatch watch(TRY(watching_client(client, progress)), task, progress);
  std::vector<std::unique_ptr<UndoLane>> lanes;
  for (int i = 0; i < throttle.workers(task.workers); ++i) {
    auto own = std::make_unique<mongo::Client>(TRY(client.another()));
    lanes.push_back(
        std::make_unique<UndoLane>(std::move(own), task, run, progress, stop, throttle, watch));
  }
  std::atomic<size_t> next{0};
  std::vector<Status> ends(lanes.size());
  std::vector<std::jthread> threads;
  for (size_t i = 0; i < lanes.size(); ++i) {
    threads.emplace_back([&, i] {
      ++progress.lanes;
      for (size_t mine = next++; mine < portions.size() && ends[i]; mine = next++) {
        ends[i] = lanes[i]->undo(portions[mine]);
        if (!ends[i]) next = portions.size();
      }
      --progress.lanes;
    });
  }
  threads.clear();
  UndoOutcome outcome;
  for (size_t i = 0; i < lanes.size(); ++i) merge(outcome, lanes[i]->outcome);
  for (Status& end : ends) {
    if (!end) return std::move(end).error();
  }
  return outcome;
}

}  // namespace whimbrel
