#include "engine/swap.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace whimbrel {

using mongo::Array;
using mongo::Collection;
using mongo::Document;
using mongo::make_document;
using mongo::Value;
using mongo::View;

namespace {

constexpr size_t kCommandStatements = 1000;
constexpr size_t kLargeDocument = 5 << 20;
constexpr size_t kSmallField = 4 << 10;
constexpr int kDuplicateKey = 11000;
// A document replaced by a number: refused with this code, which names the statement whose guard
// failed.
constexpr int32_t kNoDocument = 0;
constexpr int kGuardFailed = 40228;

enum class Guard { kYes, kNo };
enum class Kind { kReplace, kDelete, kInsert };

Document operation(const char* name, const Array& operands) {
  Document document;
  document.append_array(name, operands.view());
  return document;
}

template <class T>
Document literal(const T& value) {
  return make_document("$literal", value);
}

/// An expression that is true while the document is what `from` says.
Document guard_of(View from) {
  if (from.size() < kLargeDocument) {
    return operation("$eq", Array().add("$$ROOT").add(literal(from)));
  }
  Array conditions;
  Document size = make_document("$bsonSize", "$$ROOT");
  conditions.add(
      operation("$eq", Array().add(size).add(literal(static_cast<int64_t>(from.size())))));
  for (const Value& field : from.elements()) {
    if (field.bytes().size() > kSmallField) continue;
    Document read = make_document("$getField", literal(field.key()));
    conditions.add(operation("$eq", Array().add(read).add(literal(field))));
  }
  return operation("$and", conditions);
}

/// `$replaceWith` keeps bytes as they are; a replacement document or an insert would fill in
/// top-level Timestamp(0, 0).
Document replace_statement(const Replacement& wanted, Guard guard) {
  Document body = make_document("$replaceWith", literal(wanted.to));
  if (guard == Guard::kYes) {
    Array choice;
    choice.add(guard_of(wanted.from)).add(literal(wanted.to)).add(literal(kNoDocument));
    body = make_document("$replaceWith", operation("$cond", choice));
  }
  Document statement = make_document("q", make_document("_id", wanted.id));
  statement.append_array("u", Array().add(body).view());
  return statement;
}

Document delete_statement(const Replacement& wanted, Guard guard) {
  Document filter = make_document("_id", wanted.id);
  if (guard == Guard::kYes) filter.append("$expr", guard_of(wanted.from));
  return make_document("q", filter, "limit", 1);
}

bool has_zero_timestamp(View document) {
  for (const Value& field : document.elements()) {
    if (field.type() != mongo::Type::kTimestamp) continue;
    if (std::all_of(field.bytes().begin(), field.bytes().end(), [](auto b) { return b == 0; })) {
      return true;
    }
  }
  return false;
}

Kind kind_of(const Replacement& wanted) {
  if (wanted.to.empty()) return Kind::kDelete;
  return wanted.from.empty() ? Kind::kInsert : Kind::kReplace;
}

size_t weight_of(const Replacement& wanted) {
  return wanted.from.size() + wanted.to.size() + 200;
}

/// Replacements of one kind that fit into one command.
struct Chunk {
  Kind kind = Kind::kReplace;
  std::vector<size_t> positions;
};

std::vector<Chunk> chunks_of(const std::vector<Replacement>& replacements) {
  std::vector<Chunk> chunks;
  for (Kind kind : {Kind::kDelete, Kind::kInsert, Kind::kReplace}) {
    size_t bytes = 0;
    bool open = false;
    for (size_t i = 0; i < replacements.size(); ++i) {
      if (kind_of(replacements[i]) != kind) continue;
      bytes += weight_of(replacements[i]);
      bool full = open && (bytes > mongo::kCommandBytes ||
                           chunks.back().positions.size() == kCommandStatements);
      if (!open || full) chunks.push_back({kind, {}}), bytes = weight_of(replacements[i]);
      open = true;
      chunks.back().positions.push_back(i);
    }
  }
  return chunks;
}

/// An insert by upsert, then by pipeline: both steps leave an existing document alone.
Result<mongo::WriteOutcome> insert_exactly(const Collection& collection, const Replacement& wanted,
                                           mongo::Session* session) {
  Document only_id = make_document("_id", wanted.id);
  auto inserted = TRY(collection.write("insert", "documents", Array().add(only_id), View(),
                                       mongo::Durability::kMajority, session));
  if (!inserted.errors.empty()) return inserted;
  return collection.write(
      "update", "updates",
      Array().add(replace_statement({wanted.id, only_id, wanted.to}, Guard::kYes)), View(),
      mongo::Durability::kMajority, session);
}

Result<mongo::WriteOutcome> insert_chunk(const Collection& collection,
                                         const std::vector<Replacement>& all, const Chunk& chunk,
                                         mongo::Session* session) {
  Array plain;
  std::vector<size_t> plain_index;
  mongo::WriteOutcome outcome;
  for (size_t i = 0; i < chunk.positions.size(); ++i) {
    const Replacement& wanted = all[chunk.positions[i]];
    if (!has_zero_timestamp(wanted.to)) {
      plain.add(wanted.to), plain_index.push_back(i);
      continue;
    }
    auto one = TRY(insert_exactly(collection, wanted, session));
    outcome.matched += one.errors.empty() ? 1 : 0;
    for (mongo::WriteError& error : one.errors) outcome.errors.push_back({i, error.error});
  }
  if (plain.size() == 0) return outcome;
  auto bulk =
      TRY(collection.write("insert", "documents", std::move(plain), make_document("ordered", false),
                           mongo::Durability::kMajority, session));
  outcome.matched += bulk.matched;
  for (mongo::WriteError& e : bulk.errors)
    outcome.errors.push_back({plain_index[e.index], e.error});
  return outcome;
}

Result<mongo::WriteOutcome> write_chunk(const Collection& collection,
                                        const std::vector<Replacement>& all, const Chunk& chunk,
                                        Guard guard, mongo::Session* session) {
  if (chunk.kind == Kind::kInsert) return insert_chunk(collection, all, chunk, session);
  Array statements;
  for (size_t position : chunk.positions) {
    statements.add(chunk.kind == Kind::kReplace ? replace_statement(all[position], guard)
                                                : delete_statement(all[position], guard));
  }
  bool replaces = chunk.kind == Kind::kReplace;
  return collection.write(replaces ? "update" : "delete", replaces ? "updates" : "deletes",
                          std::move(statements), make_document("ordered", false),
                          mongo::Durability::kMajority, session);
}

/// Documents that were to be written and may not have been: sorted by what they are now.
Status look_again(const Collection& collection, const std::vector<Replacement>& all,
                  const std::vector<size_t>& positions, SwapOutcome& outcome) {
  std::vector<Value> ids;
  size_t bytes = 0;
  for (size_t position : positions) {
    ids.push_back(all[position].id);
    bytes += std::max(all[position].from.size(), all[position].to.size());
  }
  auto likely_bytes = static_cast<int64_t>(bytes / positions.size());
  auto current = TRY(read_current(collection, ids, likely_bytes, nullptr));
  for (size_t i = 0; i < positions.size(); ++i) {
    if (current[i].same_bytes(all[positions[i]].to)) ++outcome.written;
    else outcome.untouched.push_back(positions[i]);
  }
  return {};
}

Status settle_chunk(const Collection& collection, const std::vector<Replacement>& all,
                    const Chunk& chunk, const mongo::WriteOutcome& written, SwapOutcome& outcome) {
  std::unordered_set<size_t> failed;
  std::vector<size_t> taken;
  for (const mongo::WriteError& error : written.errors) {
    size_t position = chunk.positions[error.index];
    int code = error.error.server_code;
    failed.insert(position);
    if (chunk.kind == Kind::kReplace && code == kGuardFailed) outcome.untouched.push_back(position);
    else if (chunk.kind == Kind::kInsert && code == kDuplicateKey) taken.push_back(position);
    else outcome.refused.push_back({position, error.error});
  }
  if (!taken.empty()) TRY(look_again(collection, all, taken, outcome));
  std::vector<size_t> rest;
  for (size_t position : chunk.positions) {
    if (!failed.contains(position)) rest.push_back(position);
  }
  // A delete whose guard failed is no error to the server: it is only not counted.
  bool uncounted =
      chunk.kind == Kind::kDelete && static_cast<size_t>(written.matched) < rest.size();
  if (uncounted) return look_again(collection, all, rest, outcome);
  outcome.written += rest.size();
  return {};
}

}  // namespace

Result<SwapOutcome> swap_guarded(const Collection& collection,
                                 const std::vector<Replacement>& replacements) {
  SwapOutcome outcome;
  for (const Chunk& chunk : chunks_of(replacements)) {
    auto written = TRY(write_chunk(collection, replacements, chunk, Guard::kYes, nullptr));
    TRY(settle_chunk(collection, replacements, chunk, written, outcome));
  }
  return outcome;
}

Status swap_in_transaction(const Collection& collection,
                           const std::vector<Replacement>& replacements, mongo::Session& session) {
  for (const Chunk& chunk : chunks_of(replacements)) {
    auto written = TRY(write_chunk(collection, replacements, chunk, Guard::kNo, &session));
    TRY(written.all_accepted());
  }
  return {};
}

void CurrentDocuments::put(size_t position, View document) {
  found_.add(document);
  at_[position] = found_.size();
}

View CurrentDocuments::operator[](size_t position) const {
  return at_[position] == 0 ? View() : found_[at_[position] - 1];
}

Result<CurrentDocuments> read_current(const Collection& collection, const std::vector<Value>& ids,
                                      int64_t likely_bytes, mongo::Session* session) {
  CurrentDocuments current(ids.size());
  if (ids.empty()) return current;
  std::unordered_map<std::string, size_t> position;
  Array wanted;
  for (size_t i = 0; i < ids.size(); ++i) {
    position.emplace(ids[i].map_key(), i);
    wanted.add(ids[i]);
  }
  Document command =
      make_document("find", collection.name(), "filter", mongo::only_ids(wanted.view()));
  command.append("batchSize", mongo::documents_at_a_time(likely_bytes));
  auto cursor =
      TRY(mongo::Cursor::open(collection.client(), collection.database(), command, session));
  while (auto found = TRY(cursor.next())) {
    auto at = position.find(found->find("_id")->map_key());
    if (at != position.end()) current.put(at->second, *found);
  }
  return current;
}

}  // namespace whimbrel
