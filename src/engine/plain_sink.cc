#include "engine/sinks.h"

namespace whimbrel {

namespace {

class PlainSink : public Sink {
 public:
  PlainSink(mongo::Client& client, const DocumentTask& task)
      : client_(client), task_(task), ranges_(client, task.database) {}

  Result<Checkpoint> write(const Range& range, const Batch& batch, const Changes&,
                           mongo::Session*) override {
    Counts counts;
    if (!batch.before.empty()) {
      auto outcome = TRY(write_range(client_, task_, batch, nullptr));
      bool deletes = std::holds_alternative<DeleteStep>(task_.step.body);
      counts.modified = deletes ? outcome.matched : outcome.modified;
      counts.unchanged = outcome.matched - counts.modified;
    }
    Checkpoint checkpoint = batch.checkpoint(counts);
    TRY(ranges_.save(task_.key, range, checkpoint, durability(batch), nullptr));
    return checkpoint;
  }

 private:
  /// A lost checkpoint costs a look at finished documents; only the last one of a range must last.
  static mongo::Durability durability(const Batch& batch) {
    return batch.ends_range ? mongo::Durability::kMajority : mongo::Durability::kAcknowledged;
  }

  mongo::Client& client_;
  const DocumentTask& task_;
  Ranges ranges_;
};

}  // namespace

std::unique_ptr<Sink> plain_sink(mongo::Client& client, const DocumentTask& task) {
  return std::make_unique<PlainSink>(client, task);
}

}  // namespace whimbrel
