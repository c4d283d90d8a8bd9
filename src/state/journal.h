// The journal: pre-images of what a run changed, and digests of what it made of them.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "base/compress.h"
#include "mongo/document_list.h"
#include "state/ranges.h"

namespace whimbrel {

/// The images of one batch. `before[i]` became the document with digest `after[i]`.
struct JournalEntry {
  int range = 0;
  int batch = 0;
  int attempt = 0;  ///< counts up within a batch, from first_attempt(epoch); the highest one of a
                    ///< document is what happened to it
  mongo::DocumentList before;        ///< for `copy`: `{_id}` of what was inserted
  std::vector<mongo::Digest> after;  ///< as many as `before`; zero: the document was
                                     ///< deleted; none at all: to be computed again from `before`
  int64_t now = 0;  ///< what `$$NOW` was, milliseconds; only where `after` is to be computed again
  std::optional<Checkpoint> checkpoint;  ///< where the batch ends; only in ledgers
};

/// What the journal says of one document.
struct Image {
  mongo::View before;  ///< borrows from its entry
  mongo::Digest after;
};

/// By the map_key() of the `_id`: the latest attempt at each document of a batch.
std::map<std::string, Image> latest_images(const std::vector<JournalEntry>& entries);

/// The documents that the step changed, of entries that have their digests. Whoever changed one
/// that it left as it was changed nothing of ours.
std::vector<Image> changed_images(const std::vector<JournalEntry>& entries);

/// Attempts of a later owner of the lock count higher than those of an earlier one that does not
/// know yet that it lost it.
int first_attempt(int64_t epoch);

/// The fields of an entry's first document, all but `before`. Errors: a newer version, a missing
/// field (version.h).
Result<JournalEntry> read_first_slice(mongo::View document);

/// Sets `before` from the whole frame, which is freed on the way. Errors: anything but one frame of
/// documents with `_id`.
Status unpack(JournalEntry& entry, std::vector<uint8_t> frame);

/// Entries are one zstd frame each, cut into documents ("slices") of less than 1 MiB. The first
/// slice is written last: without it there is no entry, whatever a crash left of the others. Not
/// thread-safe.
class Journal {
 public:
  Journal(mongo::Client& client, std::string_view database)
      : entries_(client, database, kJournalCollection) {}

  /// Adds an entry with the pre-images `before`, which may be somebody else's; `entry.before` is
  /// not looked at. Returns the bytes stored.
  Result<int64_t> add(const StepKey& key, const JournalEntry& entry,
                      std::span<const mongo::View> before, mongo::Session* session);
  /// The entries of one batch that was not checkpointed, first attempt first.
  Result<std::vector<JournalEntry>> read_batch(const StepKey& key, int range, int batch) const;
  /// The keys of all entries of a step, in order.
  struct EntryKey {
    int range = 0;
    int batch = 0;
    int attempt = 0;
  };
  Result<std::vector<EntryKey>> list(const StepKey& key) const;
  Result<std::optional<JournalEntry>> read_one(const StepKey& key, const EntryKey& entry) const;
  Status remove_one(const StepKey& key, const EntryKey& entry, mongo::Session* session) const;
  Status remove(const std::string& run) const;

 private:
  Status put(const mongo::Document& slice, mongo::Session* session) const;

  mongo::Collection entries_;
  Compressor compressor_;
};

/// Of keys in order, as list() gives them: the first attempt at each batch.
std::vector<Journal::EntryKey> one_of_each_batch(const std::vector<Journal::EntryKey>& entries);

}  // namespace whimbrel
