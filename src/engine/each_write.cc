#include "engine/each_write.h"

#include "mongo/raw_writer.h"

namespace whimbrel {

using mongo::RawWriter;
using mongo::Type;
using mongo::View;
using mongo::WriteOutcome;
using Form = DocumentChange::Form;

namespace {

constexpr size_t kCommandStatements = 1000;

/// Several statements, as the array that a command takes.
class Statements {
 public:
  Statements() : writer_(bytes_) { writer_.begin(); }
  size_t size() const { return size_; }
  size_t bytes() const { return bytes_.size(); }
  View finish() {
    writer_.end();
    return View(bytes_);
  }

  void add(View before, const DocumentChange& change, View image) {
    writer_.begin(Type::kDocument, mongo::array_key(size_++));
    writer_.begin(Type::kDocument, "q");
    mongo::Value id = *before.find("_id");
    writer_.put(View::raw(id, id));
    writer_.end();
    if (change.form == Form::kOperators) writer_.put("u", change.update);
    if (change.form == Form::kPipeline) writer_.put("u", Type::kArray, change.update.bytes());
    if (change.form == Form::kImage) put_image(image);
    writer_.end();
  }

 private:
  /// A pipeline keeps every byte; a replacement document would fill in top-level Timestamp(0, 0).
  void put_image(View image) {
    writer_.begin(Type::kArray, "u");
    writer_.begin(Type::kDocument, "0");
    writer_.begin(Type::kDocument, "$replaceWith");
    writer_.put("$literal", image);
    for (int open = 0; open < 3; ++open) writer_.end();
  }

  std::vector<uint8_t> bytes_;
  RawWriter writer_;
  size_t size_ = 0;
};

View image_of(const DocumentChange& change, const Changes& changes) {
  return change.after ? changes.after[*change.after] : View();
}

size_t weight_of(const DocumentChange& change, const Changes& changes) {
  bool whole = change.form == Form::kImage;
  return 100 + (whole ? image_of(change, changes).size() : change.update.size());
}

/// The position behind the last change that goes into the same command as `wanted[first]`.
size_t end_of_command(const std::vector<DocumentChange>& wanted, const Changes& changes,
                      size_t first) {
  size_t end = first;
  size_t bytes = 0;
  while (end < wanted.size() && end - first < kCommandStatements) {
    bytes += weight_of(wanted[end], changes);
    if (bytes > mongo::kCommandBytes && end > first) break;
    ++end;
  }
  return end;
}

void append(WriteOutcome& whole, WriteOutcome part, size_t first) {
  whole.matched += part.matched;
  whole.modified += part.modified;
  for (mongo::WriteError& refused : part.errors) {
    whole.errors.push_back({first + refused.index, std::move(refused.error)});
  }
}

}  // namespace

Result<WriteOutcome> write_each(const mongo::Collection& collection,
                                const mongo::DocumentList& before, const Changes& changes,
                                const std::vector<DocumentChange>& wanted, EachOrder order,
                                mongo::Session* session) {
  WriteOutcome outcome;
  bool goes_on = order == EachOrder::kGoOn;
  for (size_t first = 0; first < wanted.size();) {
    size_t end = end_of_command(wanted, changes, first);
    Statements statements;
    for (size_t i = first; i < end; ++i) {
      statements.add(before[wanted[i].at], wanted[i], image_of(wanted[i], changes));
    }
    auto part = TRY(collection.write("update", "updates", statements.finish(),
                                     mongo::make_document("ordered", !goes_on),
                                     mongo::Durability::kAcknowledged, session));
    append(outcome, std::move(part), first);
    if (!goes_on && !outcome.errors.empty()) break;
    first = end;
  }
  return outcome;
}

}  // namespace whimbrel
