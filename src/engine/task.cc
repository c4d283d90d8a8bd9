#include "engine/task.h"

namespace whimbrel {

using mongo::Document;
using mongo::make_document;

std::string_view to_text(Strategy strategy) {
  switch (strategy) {
    case Strategy::kTransaction:
      return "transaction";
    case Strategy::kLedger:
      return "ledger";
    case Strategy::kPlain:
      return "plain";
  }
  return "";
}

Result<CollectionFacts> read_facts(mongo::Client& client, const std::string& database,
                                   const std::string& collection) {
  CollectionFacts facts;
  Document command =
      make_document("listCollections", 1, "filter", make_document("name", collection));
  Document reply = TRY(client.run(database, command));
  auto found = reply.view().at_path("cursor.firstBatch.0");
  if (!found) return facts;
  facts.exists = true;
  std::string type = found->as_document().get_string("type");
  facts.is_view = type == "view";
  facts.is_time_series = type == "timeseries";
  facts.options = Document(found->as_document().get_document("options"));
  facts.is_capped = facts.options.view().get_bool("capped");
  facts.collation = Document(facts.options.view().get_document("collation"));
  if (facts.is_view) return facts;
  Document stats = TRY(client.run(database, make_document("collStats", collection)));
  facts.documents = stats.view().get_int("count");
  facts.average_bytes = stats.view().get_int("avgObjSize");
  return facts;
}

const std::string& DocumentTask::collection() const {
  return step.collection();
}

const std::string& DocumentTask::target() const {
  auto* copy = std::get_if<CopyStep>(&step.body);
  return copy ? copy->to : collection();
}

const Document& DocumentTask::where() const {
  return step.where();
}

std::string_view DocumentTask::strategy_text() const {
  bool off = strategy == Strategy::kTransaction && !step.journal;
  return off ? kUnjournalledTransaction : to_text(strategy);
}

}  // namespace whimbrel
