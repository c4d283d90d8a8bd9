#include "flow/scratch_copy.h"

#include <unordered_set>

#include "engine/task.h"
#include "engine/variety.h"

namespace whimbrel {

using mongo::Array;
using mongo::Document;
using mongo::make_document;
using mongo::Value;
using mongo::View;

namespace {

constexpr int64_t kPoolDocuments = 1000;
constexpr size_t kPoolBytes = 32 << 20;
// Of so many times what is wanted, drawn at random, enough match `where` where most documents do.
constexpr int64_t kDrawn = 4;
constexpr int kDrawMilliseconds = 10'000;

/// Every index but that of `_id`, as `createIndexes` takes it.
Result<Array> index_specs(Project& real, const std::string& collection) {
  Array specs;
  auto cursor = TRY(
      mongo::Cursor::open(real.client, real.database, make_document("listIndexes", collection)));
  while (auto listed = TRY(cursor.next())) {
    if (listed->get_string("name") == "_id_" || listed->get_bool("clustered")) continue;
    Document spec;
    for (const Value& field : listed->elements()) {
      bool leave = field.key() == "v" || field.key() == "ns" || field.key() == "expireAfterSeconds";
      if (!leave) spec.append(field.key(), field);
    }
    specs.add(spec);
  }
  return specs;
}

/// Sends documents in commands of a bounded size; what is there already stays.
class Copier {
 public:
  Copier(Project& scratch, const std::string& name)
      : collection_(scratch.client, scratch.database, name) {}

  Status add(View document) {
    waiting_.add(document);
    return waiting_.bytes() < mongo::kCommandBytes ? Status() : flush();
  }
  Status flush() {
    if (waiting_.size() == 0) return {};
    constexpr int kDuplicateKey = 11000;
    Document extra = make_document("ordered", false, "bypassDocumentValidation", true);
    Array sent = std::exchange(waiting_, Array());
    auto outcome = TRY(collection_.write("insert", "documents", std::move(sent), extra,
                                         mongo::Durability::kAcknowledged));
    for (const mongo::WriteError& error : outcome.errors) {
      if (error.error.server_code != kDuplicateKey) return error.error;
    }
    return {};
  }

 private:
  mongo::Collection collection_;
  Array waiting_;
};

Result<mongo::Cursor> aggregate(Project& real, const std::string& collection, const Array& stages,
                                int milliseconds) {
  Document command = make_document("aggregate", collection);
  command.append_array("pipeline", stages.view());
  command.append("cursor", make_document("batchSize", mongo::documents_at_a_time(0)));
  if (milliseconds > 0) command.append("maxTimeMS", milliseconds);
  return mongo::Cursor::open(real.client, real.database, command);
}

Document sample_of(int64_t documents) {
  return make_document("$sample", make_document("size", documents));
}

/// Random documents of the whole collection that match, each once; where few match, what a random
/// choice among all that match adds within the time it has.
class Draw {
 public:
  Draw(Project& real, const CopyRequest& request) : real_(real), request_(request) {}

  /// Calls `take` for up to `wanted` documents, until it returns false.
  template <class Take>
  Status each(int64_t wanted, const Take& take) {
    Array quick, thorough;
    quick.add(sample_of(wanted * kDrawn)).add(make_document("$match", request_.where));
    thorough.add(make_document("$match", request_.where)).add(sample_of(wanted));
    for (const Array& stages : {quick, thorough}) {
      Status drawn = draw(stages, wanted, take);
      if (!drawn && !took_too_long(drawn.error())) return drawn;
    }
    return {};
  }

 private:
  static bool took_too_long(const Error& error) {
    constexpr int kMaxTimeExpired = 50;
    return error.server_code == kMaxTimeExpired;
  }
  template <class Take>
  Status draw(const Array& stages, int64_t wanted, const Take& take) {
    if (full_ || static_cast<int64_t>(seen_.size()) >= wanted) return {};
    auto cursor = TRY(aggregate(real_, request_.collection, stages, kDrawMilliseconds));
    while (auto document = TRY(cursor.next())) {
      if (!seen_.insert(document->find("_id")->map_key()).second) continue;
      full_ = !TRY(take(*document)) || static_cast<int64_t>(seen_.size()) >= wanted;
      if (full_) return {};
    }
    return {};
  }
  Project& real_;
  const CopyRequest& request_;
  std::unordered_set<std::string> seen_;
  bool full_ = false;
};

Status copy_spread(Project& real, const CopyRequest& request, Copier& copier) {
  return Draw(real, request).each(request.docs, [&](View document) -> Result<bool> {
    TRY(copier.add(document));
    return true;
  });
}

Status copy_varied(Project& real, const CopyRequest& request, Copier& copier) {
  mongo::DocumentList pool;
  TRY(Draw(real, request).each(kPoolDocuments, [&](View document) -> Result<bool> {
    pool.add(document);
    return pool.bytes().size() < kPoolBytes;
  }));
  for (size_t at : pick_varied(pool, static_cast<size_t>(request.docs))) {
    TRY(copier.add(pool[at]));
  }
  return {};
}

Status copy_whole(Project& real, Project& scratch, const std::string& collection) {
  Document into = make_document("db", scratch.database, "coll", collection);
  Document merge = make_document("into", into, "whenMatched", "keepExisting");
  Array stages;
  stages.add(make_document("$merge", merge));
  auto cursor = TRY(aggregate(real, collection, stages, 0));
  TRY(cursor.next());
  return {};
}

}  // namespace

Status copy_definition(Project& real, Project& scratch, const std::string& collection) {
  CollectionFacts facts = TRY(read_facts(real.client, real.database, collection));
  if (!facts.exists) return {};
  Document create = make_document("create", collection);
  create.append_all(facts.options);
  constexpr int kNamespaceExists = 48;
  auto made = scratch.client.run(scratch.database, create);
  if (!made && made.error().server_code == kNamespaceExists) return {};
  if (!made) return std::move(made).error().while_doing("copying the definition of " + collection);
  if (facts.is_view) return {};
  Array specs = TRY(index_specs(real, collection));
  if (specs.size() == 0) return {};
  Document indexes = make_document("createIndexes", collection);
  indexes.append_array("indexes", specs.view());
  auto indexed = scratch.client.run(scratch.database, indexes);
  if (indexed) return {};
  return std::move(indexed).error().while_doing("copying the indexes of " + collection);
}

Status copy_documents(Project& real, Project& scratch, const CopyRequest& request) {
  CollectionFacts facts = TRY(read_facts(real.client, real.database, request.collection));
  if (!facts.exists || facts.is_view) return {};
  if (request.choice == Choice::kWhole) return copy_whole(real, scratch, request.collection);
  int64_t there = TRY(
      mongo::Collection(scratch.client, scratch.database, request.collection).count(request.where));
  if (there >= request.docs) return {};
  CopyRequest missing{request.collection, request.where, request.choice, request.docs - there};
  Copier copier(scratch, request.collection);
  bool varied = missing.choice == Choice::kVaried;
  TRY(varied ? copy_varied(real, missing, copier) : copy_spread(real, missing, copier));
  return copier.flush();
}

}  // namespace whimbrel
