#include "engine/images.h"

#include <algorithm>
#include <map>

#include "engine/each_write.h"
#include "engine/repeatable.h"
#include "engine/side_pipeline.h"
#include "mongo/collection.h"

namespace whimbrel {

using mongo::Array;
using mongo::Collection;
using mongo::Document;
using mongo::DocumentList;
using mongo::make_document;
using mongo::View;

namespace {

const Document* pipeline_of(const Step& step) {
  if (auto* update = std::get_if<UpdateStep>(&step.body)) {
    return update->with.is_pipeline ? &update->with.body : nullptr;
  }
  auto* copy = std::get_if<CopyStep>(&step.body);
  return copy && copy->pipeline ? &*copy->pipeline : nullptr;
}

Result<DocumentList> images_by_pipeline(mongo::Client& client, const DocumentTask& task,
                                        View stages, const DocumentList& before) {
  DocumentList images;
  images.reserve(before.bytes().size() * 9 / 8);
  TRY(run_on_the_side(client, task, {stages, View()}, before,
                      [&](View image) { images.add(image); }));
  return images;
}

Error another_number() {
  return Error{ErrorKind::kBug, "the server returned another number of post-images than asked for",
               "please report this with the migration file"};
}

std::string scratch_prefix(const std::string& run) {
  return "whimbrel_scratch_" + run + "_";
}

/// A collection for the length of one call, with the collation of the real one.
class Scratch {
 public:
  Scratch(mongo::Client& client, const DocumentTask& task)
      : collection_(client, task.database, scratch_prefix(task.key.run) + mongo::new_object_id()) {}
  ~Scratch() { (void)drop(); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  const Collection& operator*() const { return collection_; }
  const Collection* operator->() const { return &collection_; }

  Status create(const Document& collation) const {
    Document command = make_document("create", collection_.name());
    if (!collation.view().empty()) command.append("collation", collation);
    TRY(collection_.client().run(collection_.database(), command));
    return {};
  }

 private:
  Status drop() const {
    TRY(collection_.client().run(collection_.database(),
                                 make_document("drop", collection_.name())));
    return {};
  }
  Collection collection_;
};

/// Stores exact copies: an insert would fill in top-level Timestamp(0, 0), a pipeline does not.
Status store_copies(const Collection& scratch, const DocumentList& documents) {
  Array statements;
  for (size_t i = 0; i < documents.size(); ++i) {
    Document literal = make_document("$literal", documents[i]);
    Document statement = make_document("q", make_document("_id", *documents[i].find("_id")));
    statement.append_array("u", Array().add(make_document("$replaceWith", literal)).view());
    statement.append("upsert", true);
    statements.add(statement);
    bool full = i + 1 == documents.size() ||
                statements.bytes() + documents[i + 1].size() > mongo::kCommandBytes;
    if (!full) continue;
    auto outcome = TRY(scratch.write("update", "updates", std::exchange(statements, {}), View(),
                                     mongo::Durability::kAcknowledged));
    TRY(outcome.all_accepted());
  }
  return {};
}

Status update_copies(const Collection& scratch, const DocumentTask& task) {
  Document statement = make_document("q", task.where(), "multi", true);
  if (const Document* stages = pipeline_of(task.step)) {
    statement.append_array("u", *stages);
  } else {
    const UpdateSpec& with = std::get<UpdateStep>(task.step.body).with;
    statement.append("u", with.body);
    if (with.array_filters) statement.append_array("arrayFilters", *with.array_filters);
  }
  auto outcome = TRY(scratch.write("update", "updates", Array().add(statement), View(),
                                   mongo::Durability::kAcknowledged));
  return outcome.all_accepted();
}

/// By the map_key() of their `_id`.
using ImagesById = std::map<std::string, Document>;

Result<ImagesById> read_images(const Collection& scratch) {
  ImagesById found;
  auto cursor = TRY(scratch.find(View()));
  while (auto image = TRY(cursor.next())) found.emplace(image->find("_id")->map_key(), *image);
  return found;
}

Result<DocumentList> images_by_scratch(mongo::Client& client, const DocumentTask& task,
                                       const DocumentList& before) {
  Scratch scratch(client, task);
  TRY(scratch.create(task.facts.collation));
  TRY(store_copies(*scratch, before));
  TRY(update_copies(*scratch, task));
  ImagesById found = TRY(read_images(*scratch));
  DocumentList images;
  for (size_t i = 0; i < before.size(); ++i) {
    auto image = found.find(before[i].find("_id")->map_key());
    if (image != found.end()) images.add(image->second);
  }
  return images;
}

/// The images of `unknown`, as the server makes them of copies; what it refuses has failed.
Result<ImagesById> try_changes(mongo::Client& client, const DocumentTask& task,
                               const DocumentList& before, Changes& changes,
                               const std::vector<DocumentChange>& unknown) {
  if (unknown.empty()) return ImagesById();
  Scratch scratch(client, task);
  TRY(scratch.create(task.facts.collation));
  DocumentList copies;
  for (const DocumentChange& change : unknown) copies.add(before[change.at]);
  TRY(store_copies(*scratch, copies));
  auto outcome = TRY(write_each(*scratch, before, changes, unknown, EachOrder::kGoOn, nullptr));
  for (mongo::WriteError& refused : outcome.errors) {
    if (refused.error.retry != Retry::kNo) return std::move(refused.error);
    refused.error.blame = Blame::kDocument;
    changes.failed.push_back({unknown[refused.index].at, std::move(refused.error)});
  }
  return read_images(*scratch);
}

void sort_by_position(Changes& changes) {
  auto before = [](const auto& a, const auto& b) { return a.at < b.at; };
  std::sort(changes.failed.begin(), changes.failed.end(), before);
  std::erase_if(changes.each, [&](const DocumentChange& change) {
    return std::binary_search(changes.failed.begin(), changes.failed.end(),
                              DocumentFailure{change.at, {}}, before);
  });
}

}  // namespace

Result<DocumentList> compute_images(mongo::Client& client, const DocumentTask& task,
                                    const DocumentList& before) {
  const Document* stages = pipeline_of(task.step);
  bool copy_as_it_is = std::holds_alternative<CopyStep>(task.step.body) && !stages;
  if (copy_as_it_is) return before;
  bool on_the_side = stages && client.server().has_documents_stage();
  auto images = on_the_side ? TRY(images_by_pipeline(client, task, *stages, before))
                            : TRY(images_by_scratch(client, task, before));
  if (images.size() != before.size()) return another_number();
  return images;
}

Result<Document> compute_image(mongo::Client& client, const DocumentTask& task, View before,
                               View stages) {
  DocumentList alone;
  alone.add(before);
  DocumentList images = TRY(images_by_pipeline(client, task, stages, alone));
  return Document(images[0]);
}

bool images_are_repeatable(const mongo::Client& client, const DocumentTask& task) {
  const Document* stages = pipeline_of(task.step);
  return stages && client.server().has_documents_stage() && is_repeatable(*stages);
}

Result<std::vector<mongo::Digest>> recompute_digests(mongo::Client& client,
                                                     const DocumentTask& task,
                                                     const DocumentList& before, int64_t now) {
  std::vector<mongo::Digest> digests;
  digests.reserve(before.size());
  Document stages = pin_now(*pipeline_of(task.step)), variables = let_now(now);
  TRY(run_on_the_side(client, task, {stages, variables}, before,
                      [&](View image) { digests.push_back(mongo::digest_of(image)); }));
  if (digests.size() != before.size()) return another_number();
  return digests;
}

Status fill_in_digests(mongo::Client& client, const DocumentTask& task, JournalEntry& entry) {
  if (!entry.after.empty() || entry.before.empty()) return {};
  entry.after = TRY(recompute_digests(client, task, entry.before, entry.now));
  return {};
}

Status complete_images(mongo::Client& client, const DocumentTask& task, const DocumentList& before,
                       Changes& changes) {
  std::vector<DocumentChange> unknown;
  for (const DocumentChange& change : changes.each) {
    if (!change.after) unknown.push_back(change);
  }
  ImagesById computed = TRY(try_changes(client, task, before, changes, unknown));
  sort_by_position(changes);
  DocumentList whole;
  auto change = changes.each.begin();
  for (size_t at = 0; at < before.size(); ++at) {
    if (change == changes.each.end() || change->at != at) {
      whole.add(before[at]);
      continue;
    }
    if (change->after) whole.add(changes.after[*change->after]);
    else whole.add(computed.at(before[at].find("_id")->map_key()));
    change->after = at;
    ++change;
  }
  changes.after = std::move(whole);
  return {};
}

Status drop_scratches(mongo::Client& client, const DocumentTask& task) {
  Document prefix;
  prefix.append_regex("$regex", "^" + scratch_prefix(task.key.run), "");
  Document command = make_document("listCollections", 1, "nameOnly", true);
  command.append("filter", make_document("name", prefix));
  auto cursor = TRY(mongo::Cursor::open(client, task.database, command));
  std::vector<std::string> names;
  while (auto found = TRY(cursor.next())) names.push_back(found->get_string("name"));
  for (const std::string& name : names) {
    TRY(client.run(task.database, make_document("drop", name)));
  }
  return {};
}

}  // namespace whimbrel
