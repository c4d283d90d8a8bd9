#include "engine/script_transform.h"

#include <algorithm>

#include "engine/images.h"
#include "engine/reads.h"
#include "engine/script_changes.h"
#include "engine/script_host.h"

namespace whimbrel {

using mongo::DocumentList;

namespace {

class ScriptTransform : public Transform {
 public:
  ScriptTransform(const DocumentTask& task, const Stop& stop)
      : host_(task, stop), reads_(std::get<TransformStep>(task.step.body).reads) {}

  Status prepare() override { return host_.prepare(); }

  Result<Changes> apply(const DocumentList& before) override {
    Changes changes;
    if (before.empty()) return changes;
    auto reply = reads_.everything() ? TRY(host_.transform(before))
                                     : TRY(host_.transform(projected(before)));
    changes.updates = std::move(reply.documents);
    for (size_t i = 0; i < before.size(); ++i) {
      add_result(i, before[i], reply.results[i], reads_, changes);
    }
    return changes;
  }

  Status finish() override { return host_.close(); }

 private:
  DocumentList projected(const DocumentList& documents) const {
    DocumentList parts;
    for (size_t i = 0; i < documents.size(); ++i) reads_.project(documents[i], parts);
    return parts;
  }

  ScriptHost host_;
  Reads reads_;
};

class ScriptImageTransform : public Transform {
 public:
  ScriptImageTransform(mongo::Client& client, const DocumentTask& task, const Stop& stop)
      : client_(client), task_(task), script_(task, stop) {}

  Status prepare() override { return script_.prepare(); }
  Result<Changes> apply(const DocumentList& before) override {
    Changes changes = TRY(script_.apply(before));
    TRY(complete_images(client_, task_, before, changes));
    return changes;
  }
  Status finish() override { return script_.finish(); }

 private:
  mongo::Client& client_;
  const DocumentTask& task_;
  ScriptTransform script_;
};

}  // namespace

std::unique_ptr<Transform> script_transform(const DocumentTask& task, const Stop& stop) {
  return std::make_unique<ScriptTransform>(task, stop);
}

std::unique_ptr<Transform> script_image_transform(mongo::Client& client, const DocumentTask& task,
                                                  const Stop& stop) {
  return std::make_unique<ScriptImageTransform>(client, task, stop);
}

Result<Changes> try_script(mongo::Client& client, const DocumentTask& task,
                           const DocumentList& documents, const Stop& stop) {
  ScriptImageTransform transform(client, task, stop);
  Changes changes = TRY(transform.apply(documents));
  TRY(transform.finish());
  return changes;
}

}  // namespace whimbrel
