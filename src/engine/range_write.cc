#include "engine/images.h"
#include "engine/repeatable.h"
#include "engine/sinks.h"
#include "mongo/collection.h"

namespace whimbrel {

using mongo::Array;
using mongo::Collection;
using mongo::Document;
using mongo::DocumentList;
using mongo::make_document;

namespace {

class ServerTransform : public Transform {
 public:
  Result<Changes> apply(const DocumentList&) override {
    return Changes{.on_server = true, .after = {}};
  }
};

class ImageTransform : public Transform {
 public:
  ImageTransform(mongo::Client& client, const DocumentTask& task) : client_(client), task_(task) {}

  Result<Changes> apply(const DocumentList& before) override {
    bool deletes = std::holds_alternative<DeleteStep>(task_.step.body);
    if (deletes || before.empty()) return Changes{};
    return Changes{.on_server = false, .after = TRY(compute_images(client_, task_, before))};
  }

 private:
  mongo::Client& client_;
  const DocumentTask& task_;
};

Document update_statement(const UpdateStep& update, const Document& filter, bool pinned) {
  Document statement = make_document("q", filter);
  const Document& body = update.with.body;
  if (!update.with.is_pipeline) statement.append("u", body);
  else if (pinned) statement.append_array("u", pin_now(body));
  else statement.append_array("u", body);
  if (update.with.array_filters) statement.append_array("arrayFilters", *update.with.array_filters);
  statement.append("multi", true).append("hint", make_document("_id", 1));
  return statement;
}

}  // namespace

std::unique_ptr<Transform> server_transform() {
  return std::make_unique<ServerTransform>();
}

std::unique_ptr<Transform> image_transform(mongo::Client& client, const DocumentTask& task) {
  return std::make_unique<ImageTransform>(client, task);
}

Result<mongo::WriteOutcome> write_range(mongo::Client& client, const DocumentTask& task,
                                        const Batch& batch, mongo::Session* session) {
  Collection collection(client, task.database, task.collection());
  Document filter = batch.filter(task);
  auto* update = std::get_if<UpdateStep>(&task.step.body);
  bool pinned = update && images_are_repeatable(client, task);
  Document statement =
      update ? update_statement(*update, filter, pinned)
             : make_document("q", filter, "limit", 0, "hint", make_document("_id", 1));
  auto outcome = TRY(collection.write(
      update ? "update" : "delete", update ? "updates" : "deletes", Array().add(statement),
      pinned ? let_now(batch.now) : Document(), mongo::Durability::kAcknowledged, session));
  TRY(outcome.all_accepted());
  return outcome;
}

}  // namespace whimbrel
