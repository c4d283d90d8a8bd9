#include "state/journal.h"

#include <cstring>
#include <utility>

namespace whimbrel {

using mongo::Document;
using mongo::make_document;
using mongo::View;

namespace {

constexpr const char* kReading = "reading the journal (whimbrel_journal)";

// The server takes 16 MiB, but each byte of a slice is in memory three times on its way there. What
// is left to 1 MiB is room for the other fields: libbson's buffers grow by doubling.
constexpr size_t kSliceBytes = 896 << 10;
constexpr int kSlicesAtATime = 2;
// A batch of the largest size a configuration may ask for, and one document more.
constexpr size_t kMostRawBytes = size_t{1} << 30;

Document entry_id(const StepKey& key, const Journal::EntryKey& entry) {
  Document id = step_id(key);
  id.append("range", entry.range).append("batch", entry.batch).append("attempt", entry.attempt);
  return id;
}

/// All slices of one entry, or of one batch when `attempt` is below 0.
Document slices_filter(const StepKey& key, Journal::EntryKey entry) {
  Document low = step_id(key), high = step_id(key);
  low.append("range", entry.range).append("batch", entry.batch);
  high.append("range", entry.range).append("batch", entry.batch);
  if (entry.attempt >= 0)
    low.append("attempt", entry.attempt), high.append("attempt", entry.attempt);
  if (entry.attempt < 0) high.append_max_key("attempt");
  else high.append_max_key("slice");
  return make_document("_id", make_document("$gte", low, "$lte", high));
}

std::span<const uint8_t> as_bytes(const std::vector<mongo::Digest>& digests) {
  return {reinterpret_cast<const uint8_t*>(digests.data()), digests.size() * sizeof(mongo::Digest)};
}

std::vector<mongo::Digest> read_digests(View document) {
  auto stored = document.find("after");
  if (!stored) return {};
  std::span<const uint8_t> bytes = stored->as_binary();
  std::vector<mongo::Digest> digests(bytes.size() / sizeof(mongo::Digest));
  if (digests.empty()) return {};
  std::memcpy(digests.data(), bytes.data(), digests.size() * sizeof(mongo::Digest));
  return digests;
}

void append_first_slice_fields(const JournalEntry& entry, size_t documents, int slices,
                               Document& slice) {
  slice.append("documents", static_cast<int64_t>(documents)).append("slices", slices);
  if (entry.now != 0) slice.append_date("now", entry.now);
  if (!entry.after.empty()) slice.append_binary("after", as_bytes(entry.after));
  if (!entry.checkpoint) return;
  slice.append("upto", entry.checkpoint->upto.value());
  slice.append("endsRange", entry.checkpoint->ends_range);
  slice.append("counts", entry.checkpoint->counts.to_document());
}

using Bytes = std::span<const uint8_t>;

/// Documents that lie one behind the other in memory are one piece.
std::vector<Bytes> pieces_of(std::span<const View> documents) {
  std::vector<Bytes> pieces;
  for (View document : documents) {
    Bytes bytes = document.bytes();
    bool adjacent = !pieces.empty() && pieces.back().data() + pieces.back().size() == bytes.data();
    if (adjacent) pieces.back() = {pieces.back().data(), pieces.back().size() + bytes.size()};
    else pieces.push_back(bytes);
  }
  return pieces;
}

/// An entry that is there already was written by whoever took the run over: the range says so when
/// it is read again.
Status insert_new(const mongo::Collection& entries, const Document& entry,
                  mongo::Session& session) {
  constexpr int kDuplicateKey = 11000;
  Status inserted = entries.insert_one(entry, &session);
  if (inserted || inserted.error().server_code != kDuplicateKey) return inserted;
  Error error = std::move(inserted).error();
  error.retry = Retry::kTransient;
  return error;
}

}  // namespace

Result<JournalEntry> read_first_slice(View document) {
  TRY(check_version(document, kJournalCollection));
  JournalEntry entry;
  entry.range = static_cast<int>(TRY(needed(document, "_id.range", kJournalCollection)).as_int());
  entry.batch = static_cast<int>(TRY(needed(document, "_id.batch", kJournalCollection)).as_int());
  entry.attempt =
      static_cast<int>(TRY(needed(document, "_id.attempt", kJournalCollection)).as_int());
  entry.now = document.get_int("now");
  entry.after = read_digests(document);
  if (auto upto = document.find("upto")) {
    Checkpoint checkpoint;
    checkpoint.upto = mongo::OwnedValue(*upto);
    checkpoint.ends_range = document.get_bool("endsRange");
    checkpoint.counts = Counts::from(document.get_document("counts"));
    entry.checkpoint = checkpoint;
  }
  return entry;
}

Status unpack(JournalEntry& entry, std::vector<uint8_t> frame) {
  auto raw = decompress(frame, kMostRawBytes);
  if (!raw) return std::move(raw).error().while_doing(kReading);
  std::vector<uint8_t>().swap(frame);
  auto documents = mongo::DocumentList::from_bytes(std::move(*raw));
  if (!documents) return std::move(documents).error().while_doing(kReading);
  for (size_t i = 0; i < documents->size(); ++i) {
    TRY(needed((*documents)[i], "_id", "a journal entry"));
  }
  entry.before = std::move(*documents);
  return {};
}

std::map<std::string, Image> latest_images(const std::vector<JournalEntry>& entries) {
  std::map<std::string, Image> latest;
  for (const JournalEntry& entry : entries) {
    for (size_t i = 0; i < entry.before.size() && i < entry.after.size(); ++i) {
      latest[entry.before[i].find("_id")->map_key()] = {entry.before[i], entry.after[i]};
    }
  }
  return latest;
}

std::vector<Image> changed_images(const std::vector<JournalEntry>& entries) {
  std::vector<Image> changed;
  for (const auto& [key, image] : latest_images(entries)) {
    if (mongo::digest_of(image.before) != image.after) changed.push_back(image);
  }
  return changed;
}

std::vector<Journal::EntryKey> one_of_each_batch(const std::vector<Journal::EntryKey>& entries) {
  std::vector<Journal::EntryKey> batches;
  for (const Journal::EntryKey& entry : entries) {
    bool another = batches.empty() || batches.back().range != entry.range ||
                   batches.back().batch != entry.batch;
    if (another) batches.push_back(entry);
  }
  return batches;
}

int first_attempt(int64_t epoch) {
  return static_cast<int>(epoch % 2'000'000) * 1000;
}

Result<int64_t> Journal::add(const StepKey& key, const JournalEntry& entry,
                             std::span<const View> before, mongo::Session* session) {
  auto new_slice = [&](int number) {
    Document id = entry_id(key, {entry.range, entry.batch, entry.attempt});
    return make_document("_id", id.append("slice", number), "v", kStateVersion);
  };
  std::vector<uint8_t> first;
  size_t bytes = entry.after.size() * sizeof(mongo::Digest);
  int slices = 0;
  TRY(compressor_.compress(pieces_of(before), kSliceBytes, [&](Bytes part) -> Status {
    bytes += part.size();
    if (slices++ == 0) return first.assign(part.begin(), part.end()), Status();
    return put(new_slice(slices - 1).append_binary("before", part), session);
  }));
  Document slice = new_slice(0);
  append_first_slice_fields(entry, before.size(), slices, slice);
  TRY(put(slice.append_binary("before", first), session));
  return static_cast<int64_t>(bytes);
}

Status Journal::put(const Document& slice, mongo::Session* session) const {
  if (session) return insert_new(entries_, slice, *session);
  // A resumed ledger may write the same slice again.
  Document only_id;
  only_id.append("_id", *slice.view().find("_id"));
  TRY(entries_.update_one(only_id, slice, mongo::Upsert::kYes));
  return {};
}

Result<std::vector<JournalEntry>> Journal::read_batch(const StepKey& key, int range,
                                                      int batch) const {
  std::vector<JournalEntry> entries;
  std::vector<uint8_t> frame;
  int64_t missing = 0;
  auto ends_here = [&] {
    bool whole = missing == 0;
    return whole ? Status()
                 : Error{ErrorKind::kFailed, "an entry is cut off"}.while_doing(kReading);
  };
  Document command =
      make_document("find", entries_.name(), "filter", slices_filter(key, {range, batch, -1}),
                    "sort", make_document("_id", 1), "batchSize", kSlicesAtATime);
  auto cursor = TRY(mongo::Cursor::open(entries_.client(), entries_.database(), command));
  while (auto document = TRY(cursor.next())) {
    TRY(check_version(*document, kJournalCollection));
    bool starts_entry = TRY(needed(*document, "_id.slice", kJournalCollection)).as_int() == 0;
    if (starts_entry) {
      TRY(ends_here());
      entries.push_back(TRY(read_first_slice(*document)));
      missing = document->get_int("slices", 1);
    }
    if (missing == 0) continue;  // of an entry without a first slice
    std::span<const uint8_t> part =
        TRY(needed(*document, "before", kJournalCollection)).as_binary();
    frame.insert(frame.end(), part.begin(), part.end());
    if (--missing == 0) TRY(unpack(entries.back(), std::exchange(frame, {})));
  }
  TRY(ends_here());
  return entries;
}

Result<std::vector<Journal::EntryKey>> Journal::list(const StepKey& key) const {
  Document only_id = make_document("_id", 1);
  Document command = make_document("find", entries_.name(), "filter", step_filter(key), "sort",
                                   only_id, "projection", only_id);
  std::vector<EntryKey> keys;
  for (const Document& document :
       TRY(mongo::read_all(entries_.client(), entries_.database(), command))) {
    View id = document.view().get_document("_id");
    if (id.get_int("slice") > 0) continue;
    keys.push_back({static_cast<int>(id.get_int("range")), static_cast<int>(id.get_int("batch")),
                    static_cast<int>(id.get_int("attempt"))});
  }
  return keys;
}

Result<std::optional<JournalEntry>> Journal::read_one(const StepKey& key,
                                                      const EntryKey& entry) const {
  auto entries = TRY(read_batch(key, entry.range, entry.batch));
  for (JournalEntry& found : entries) {
    if (found.attempt == entry.attempt) return std::optional<JournalEntry>(std::move(found));
  }
  return std::optional<JournalEntry>();
}

Status Journal::remove_one(const StepKey& key, const EntryKey& entry,
                           mongo::Session* session) const {
  TRY(entries_.remove_many(slices_filter(key, entry), session));
  return {};
}

Status Journal::remove(const std::string& run) const {
  TRY(entries_.remove_many(run_filter(run)));
  return {};
}

}  // namespace whimbrel
