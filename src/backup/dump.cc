#include "backup/dump.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <thread>

#include "backup/batch_queue.h"
#include "mongo/collection.h"

namespace whimbrel::backup {

using mongo::Array;
using mongo::Document;
using mongo::make_document;
using mongo::OwnedValue;
using mongo::View;

namespace {

/// Handed on at a time: malloc keeps buffers of that size (cli/main.cc), larger ones cost page
/// faults.
constexpr size_t kPieceBytes = 384 << 10;
/// Larger collections are read in ranges of about so much.
constexpr int64_t kRangeBytes = 48 << 20;
constexpr int64_t kMostRanges = 256;
/// Through the index the server works about twice as much as when it reads a collection as it lies:
/// with fewer readers than this, ranges would cost time.
constexpr int kReadersForRanges = 3;

/// A part of a collection: `_id` in [from, to), in the order of BSON, whatever the types.
struct Part {
  size_t item = 0;
  std::optional<OwnedValue> from, to;
  bool is_range() const { return from || to; }
};

/// Replies that malloc keeps (cli/main.cc) instead of asking the system for their memory each time.
int64_t documents_of_a_reply(int64_t average_bytes) {
  constexpr int64_t kReplyBytes = 256 << 10;
  return std::max<int64_t>(1, kReplyBytes / std::max<int64_t>(1, average_bytes));
}

/// Splits only where the order of the `_id` index is that of BSON, and where no order is to be
/// kept.
bool can_be_split(const CatalogItem& item) {
  const Definition& definition = item.definition;
  bool plain = definition.type == "collection" || definition.type.empty();
  return plain && !definition.is_capped() && item.where.view().empty() &&
         !definition.options.view().find("collation") &&
         !definition.options.view().find("clusteredIndex") && item.bytes > 2 * kRangeBytes;
}

/// `_id`s at which the collection falls into about equal parts; none when they cannot be found.
std::vector<OwnedValue> split_points(const DumpSetting& setting, const CatalogItem& item) {
  constexpr int64_t kDrawn = 20;  // for each part: the parts are even to about a fifth
  int64_t parts = std::min(kMostRanges, item.bytes / kRangeBytes);
  Array stages;
  stages.add(make_document("$sample", make_document("size", parts * kDrawn)));
  stages.add(make_document("$project", make_document("_id", 1)));
  stages.add(make_document("$sort", make_document("_id", 1)));
  Document command = make_document("aggregate", item.data);
  command.append_array("pipeline", stages.view()).append("cursor", Document());
  std::vector<OwnedValue> points;
  auto ids = mongo::read_all(setting.client, setting.database, command);
  if (!ids) return points;
  for (size_t i = kDrawn; i < ids->size(); i += kDrawn) {
    OwnedValue id(*(*ids)[i].view().find("_id"));
    if (points.empty() || !(points.back() == id)) points.push_back(std::move(id));
  }
  return points;
}

Error explained(const DumpSetting& setting, Error error) {
  constexpr int kSnapshotTooOld = 239, kSnapshotUnavailable = 246;
  if (error.server_code == kSnapshotTooOld) {
    error.message =
        "the backup took longer than the server keeps the moment that it is of "
        "(minSnapshotHistoryWindowInSeconds, 300 by default): " +
        error.message;
    error.hint =
        "let the server keep it longer, for example an hour: db.adminCommand({setParameter: 1, "
        "minSnapshotHistoryWindowInSeconds: 3600}); or back up less at a time with --only";
  } else if (error.server_code == kSnapshotUnavailable) {
    error.hint = "collections of " + setting.database +
                 " were changed meanwhile; make the backup again when nobody does";
  }
  return error;
}

class Dump {
 public:
  Dump(const DumpSetting& setting, DumpFigures& figures)
      : setting_(setting),
        figures_(figures),
        queue_(static_cast<size_t>(setting.workers) * 2),
        left_(setting.catalog.size()) {}

  Status run() {
    TRY(plan());
    auto workers = std::min<size_t>(static_cast<size_t>(setting_.workers), parts_.size());
    std::vector<std::jthread> readers, writers;
    for (size_t i = 0; i < workers; ++i) writers.emplace_back([this] { write(); });
    for (size_t i = 0; i < workers; ++i) readers.emplace_back([this] { work(); });
    for (std::jthread& reader : readers) reader.join();
    queue_.close();
    for (std::jthread& writer : writers) writer.join();
    if (failure_) return *failure_;
    TRY(queue_.outcome());
    if (setting_.stop.requested()) return setting_.stop.error();
    return {};
  }

 private:
  /// The largest collections first: they decide when all are done.
  Status plan() {
    std::vector<size_t> order;
    for (size_t i = 0; i < setting_.catalog.size(); ++i) order.push_back(i);
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      return setting_.catalog[a].bytes > setting_.catalog[b].bytes;
    });
    for (size_t item : order) {
      const CatalogItem& of = setting_.catalog[item];
      if (of.data.empty()) TRY(setting_.sink.end(item));
      else add_parts(item, of);
    }
    return {};
  }

  void add_parts(size_t item, const CatalogItem& of) {
    std::vector<OwnedValue> points;
    if (setting_.workers >= kReadersForRanges && can_be_split(of))
      points = split_points(setting_, of);
    std::optional<OwnedValue> from;
    for (OwnedValue& point : points) {
      parts_.push_back({item, from, point});
      from = std::move(point);
    }
    parts_.push_back({item, from, std::nullopt});
    left_[item] = static_cast<int>(points.size()) + 1;
  }

  void work() {
    auto client = setting_.client.another();
    Status done = client ? Status() : Status(client.error());
    while (done) {
      std::optional<Part> part = take();
      if (!part) return;
      done = read(*client, *part);
    }
    std::lock_guard lock(guard_);
    if (!failure_) failure_ = explained(setting_, done.error());
  }

  std::optional<Part> take() {
    std::lock_guard lock(guard_);
    if (failure_ || setting_.stop.requested() || parts_.empty()) return std::nullopt;
    Part part = std::move(parts_.front());
    parts_.pop_front();
    return part;
  }

  bool should_end() {
    std::lock_guard lock(guard_);
    return failure_ || setting_.stop.requested();
  }

  Document command_of(const Part& part) const {
    const CatalogItem& item = setting_.catalog[part.item];
    Document command = make_document("find", item.data, "filter", item.where);
    if (part.is_range()) {
      // Bounds of the index itself: a filter would compare within one type only.
      if (part.from) command.append("min", make_document("_id", part.from->value()));
      if (part.to) command.append("max", make_document("_id", part.to->value()));
      command.append("hint", make_document("_id", 1));
    } else if (item.where.view().empty()) {
      command.append("hint", make_document("$natural", 1));
    }
    bool raw = item.definition.is_time_series() && item.data == item.definition.name;
    if (raw) command.append("rawData", true);
    command.append("batchSize", documents_of_a_reply(item.average_bytes));
    if (setting_.at && reads_at_cluster_time(setting_.client.server(), item)) {
      Document concern = make_document("level", "snapshot");
      concern.append_timestamp("atClusterTime", setting_.at->seconds, setting_.at->increment);
      command.append("readConcern", concern);
    }
    return command;
  }

  Status read(mongo::Client& client, const Part& part) {
    auto cursor = TRY(mongo::Cursor::open(client, setting_.database, command_of(part)));
    std::vector<uint8_t> chunk;
    chunk.reserve(kPieceBytes);
    int64_t count = 0;
    while (auto document = TRY(cursor.next())) {
      std::span<const uint8_t> bytes = document->bytes();
      if (count > 0 && chunk.size() + bytes.size() > kPieceBytes) {
        TRY(hand_on(part.item, chunk, count));
        if (should_end()) return {};
      }
      chunk.insert(chunk.end(), bytes.begin(), bytes.end());
      ++count;
    }
    if (count > 0) TRY(hand_on(part.item, chunk, count));
    return end_part(part.item);
  }

  Status hand_on(size_t item, std::vector<uint8_t>& chunk, int64_t& count) {
    LoadBatch batch{item, std::exchange(chunk, {}), std::exchange(count, 0)};
    // The order of a capped collection is kept.
    if (setting_.catalog[item].definition.is_capped()) return add(batch);
    {
      std::lock_guard lock(guard_);
      ++left_[item];
    }
    chunk.reserve(kPieceBytes);
    return queue_.put(std::move(batch));
  }

  Status add(const LoadBatch& batch) {
    TRY(setting_.sink.add(batch.item, batch.documents, batch.count));
    figures_[batch.item].documents += batch.count;
    figures_[batch.item].bytes += static_cast<int64_t>(batch.documents.size());
    setting_.progress.scanned += batch.count;
    return {};
  }

  /// So that the next reply is on its way while this one is compressed, digested and written.
  void write() {
    while (auto batch = queue_.take()) {
      Status added = add(*batch);
      if (added) added = end_part(batch->item);
      if (!added) return queue_.fail(std::move(added).error());
    }
  }

  Status end_part(size_t item) {
    {
      std::lock_guard lock(guard_);
      if (--left_[item] > 0) return {};
    }
    return setting_.sink.end(item);
  }

  const DumpSetting& setting_;
  DumpFigures& figures_;
  std::mutex guard_;
  std::deque<Part> parts_;
  BatchQueue queue_;
  std::vector<int> left_;  ///< of each collection: parts that are not read, batches not written
  std::optional<Error> failure_;
};

}  // namespace

bool reads_at_cluster_time(const mongo::Server& server, const CatalogItem& item) {
  return !item.data.empty() && (!item.definition.is_capped() || server.major >= 8);
}

Status dump(const DumpSetting& setting, DumpFigures& figures) {
  return Dump(setting, figures).run();
}

}  // namespace whimbrel::backup
