#include "flow/plan_reads.h"

#include <fmt/format.h>

#include "base/text.h"

namespace whimbrel {

using mongo::Document;
using mongo::make_document;
using mongo::View;

namespace {

constexpr int kPatienceMs = 3000;

/// Of the stage that reads an index; depth first, for servers nest their stages differently.
std::string index_in(View stage) {
  if (stage.empty()) return "";
  if (auto name = stage.find("indexName")) return std::string(name->as_string());
  for (const char* inner : {"queryPlan", "inputStage"}) {
    std::string name = index_in(stage.get_document(inner));
    if (!name.empty()) return name;
  }
  return "";
}

Document batch_of(const DocumentTask& task) {
  Document by_id = make_document("_id", 1);
  Document find = make_document("find", task.collection(), "filter", task.where(), "sort", by_id);
  find.append("hint", by_id).append("limit", task.limits.docs);
  return find;
}

}  // namespace

std::optional<BatchReads> reads_of_a_batch(Project& project, const DocumentTask& task) {
  Document explain = make_document("explain", batch_of(task), "verbosity", "executionStats");
  explain.append("maxTimeMS", kPatienceMs);
  auto reply = project.client.run(project.database, explain);
  if (!reply) return std::nullopt;
  View stats = reply->view().get_document("executionStats");
  BatchReads reads{index_in(reply->view().get_document("queryPlanner").get_document("winningPlan")),
                   stats.get_int("totalDocsExamined"), stats.get_int("nReturned")};
  return reads.found > 0 ? std::optional(std::move(reads)) : std::nullopt;
}

std::string reads_text(const BatchReads& reads) {
  std::string by = reads.index.empty() ? "by scanning the collection" : "by index " + reads.index;
  return fmt::format("{}; {} documents examined for {} that match", by, with_commas(reads.examined),
                     with_commas(reads.found));
}

}  // namespace whimbrel
