// One batch on its way down the line.
#pragma once

#include <optional>
#include <vector>

#include "engine/range_filter.h"
#include "engine/task.h"
#include "mongo/document_list.h"
#include "state/journal.h"

namespace whimbrel {

/// What the source read.
struct Batch {
  mongo::DocumentList before;  ///< pre-images; `{_id}` alone where nobody needs more
  mongo::Document only;        ///< the range's own list of `_id`s; empty: all between
  Bound from;
  mongo::OwnedValue upto;
  bool ends_range = false;
  int64_t now = 0;        ///< what `$$NOW` is for this batch where it is pinned, milliseconds
  int64_t unmatched = 0;  ///< documents of the range that `where` kept out, known at its end
  std::vector<JournalEntry> open_entries;  ///< of a batch that an earlier attempt left unfinished

  /// The documents of this batch that still match `where`.
  mongo::Document filter(const DocumentTask& task) const;
  Checkpoint checkpoint(Counts counts) const;
};

/// What a script wants to become of one document.
struct DocumentChange {
  enum class Form {
    kOperators,  ///< sent as they are
    kPipeline,   ///< sent as it is
    kImage,      ///< the known post-image is written, for its names mean something in an update
  };
  size_t at = 0;  ///< its position in the batch
  Form form = Form::kOperators;
  mongo::View update;           ///< operators, or the pipeline's array; in Changes::updates
  std::optional<size_t> after;  ///< the position of its post-image in Changes::after, if known
};

/// A document that cannot be changed, and why.
struct DocumentFailure {
  size_t at = 0;  ///< its position in the batch
  Error error;
};

/// What the transform made of it.
struct Changes {
  bool on_server = false;     ///< the write itself computes the post-images
  mongo::DocumentList after;  ///< otherwise: as many as `before`; from a script, what is known yet

  // From scripts only. Documents that are neither changed nor failed stay as they are.
  std::vector<DocumentChange> each;
  std::vector<DocumentFailure> failed;  ///< in the order of the batch
  mongo::DocumentList updates;          ///< what `each` borrows from
};

/// Where batches come from. One lane's, like everything below.
class Source {
 public:
  virtual ~Source() = default;
  /// The next batch of `range`; it may be empty when the range ends.
  virtual Result<Batch> next(const Range& range, int docs, int64_t bytes,
                             mongo::Session* session) = 0;
};

/// Turns the documents of a batch into changes; must not change anything itself, for it may be
/// asked twice.
class Transform {
 public:
  virtual ~Transform() = default;
  /// Called before each batch, outside of its transaction: what takes long belongs here.
  virtual Status prepare() { return {}; }
  virtual Result<Changes> apply(const mongo::DocumentList& before) = 0;
  /// Called once, when the lane has no more batches.
  virtual Status finish() { return {}; }
};

/// Where changes go, with their journal and checkpoint, in an order that a crash cannot break.
class Sink {
 public:
  virtual ~Sink() = default;
  /// Returns the checkpoint it saved.
  virtual Result<Checkpoint> write(const Range& range, const Batch& batch, const Changes& changes,
                                   mongo::Session* session) = 0;
};

}  // namespace whimbrel
