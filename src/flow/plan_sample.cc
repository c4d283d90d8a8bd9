#include "flow/plan_sample.h"

#include <fmt/format.h>

#include "engine/diff.h"
#include "engine/images.h"
#include "engine/script_transform.h"

namespace whimbrel {

using mongo::DocumentList;
using mongo::View;

namespace {

// Enough that a transform which leaves many documents as they are shows what it does to others.
constexpr int kAskedDocuments = 20;

std::string id_line(View document) {
  return "_id " + document.find("_id")->to_relaxed_json();
}

std::string cannot(View document, const std::string& why) {
  return fmt::format("document _id {} cannot be migrated: {}",
                     document.find("_id")->to_relaxed_json(), why);
}

std::vector<std::string> difference(View before, View after) {
  std::vector<std::string> lines = typed_diff(before, after);
  lines.insert(lines.begin(), id_line(before));
  return lines;
}

std::vector<std::string> left_to_the_server(View before, const std::string& update) {
  return {id_line(before), "the server applies " + update};
}

Result<PlanSample> sample_of_server(Project& project, const DocumentTask& task) {
  PlanSample sample;
  auto* update = std::get_if<UpdateStep>(&task.step.body);
  if (!update) return sample;
  DocumentList before = TRY(matching_documents(project, task, 1));
  if (before.empty()) return sample;
  if (!update->with.is_pipeline) {
    sample.lines = left_to_the_server(before[0], update->with.body.view().to_relaxed_json());
    return sample;
  }
  if (!project.client.server().has_documents_stage()) return sample;
  auto after = compute_images(project.client, task, before);
  if (after) sample.lines = difference(before[0], (*after)[0]);
  else sample.warnings.push_back(cannot(before[0], after.error().message));
  return sample;
}

Result<Changes> ask(const DocumentTask& task, const DocumentList& documents) {
  auto script = script_transform(task, process_stop());
  Changes changes = TRY(script->apply(documents));
  TRY(script->finish());
  return changes;
}

Result<std::vector<std::string>> shown(Project& project, const DocumentTask& task, View before,
                                       const Changes& changes) {
  const DocumentChange& change = changes.each.front();
  if (change.after) return difference(before, changes.after[*change.after]);
  bool pipeline = change.form == DocumentChange::Form::kPipeline;
  if (!pipeline || !project.client.server().has_documents_stage()) {
    return left_to_the_server(before, change.update.to_relaxed_json());
  }
  auto after = TRY(compute_image(project.client, task, before, change.update));
  return difference(before, after);
}

Result<PlanSample> sample_of_script(Project& project, const DocumentTask& task) {
  PlanSample sample;
  DocumentList before = TRY(matching_documents(project, task, kAskedDocuments));
  if (before.empty()) return sample;
  auto changes = ask(task, before);
  if (!changes) {
    sample.warnings.push_back("trying the transform failed: " + changes.error().message);
    return sample;
  }
  for (const DocumentFailure& failed : changes->failed) {
    sample.warnings.push_back(cannot(before[failed.at], failed.error.message));
  }
  if (changes->each.empty()) {
    sample.lines = {fmt::format("the first documents ({}) stay as they are", before.size())};
    return sample;
  }
  View first = before[changes->each.front().at];
  auto lines = shown(project, task, first, *changes);
  if (lines) sample.lines = std::move(*lines);
  else sample.warnings.push_back(cannot(first, lines.error().message));
  return sample;
}

}  // namespace

Result<PlanSample> sample_change(Project& project, const DocumentTask& task) {
  return task.script ? sample_of_script(project, task) : sample_of_server(project, task);
}

}  // namespace whimbrel
