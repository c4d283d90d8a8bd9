#include "flow/trial_measure.h"

#include <algorithm>
#include <chrono>

namespace whimbrel {

using mongo::make_document;

namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

int64_t tried(const Counts& counts) {
  return counts.modified + counts.unchanged + counts.quarantined;
}

double docs_per_second(const Project& project, const Migration& migration,
                       const EngineOverrides& overrides, const std::vector<StepState>& steps) {
  double seconds = 0;
  int64_t documents = 0;
  for (size_t at = 0; at < std::min(steps.size(), migration.steps.size()); ++at) {
    const Step& step = migration.steps[at];
    if (!step.is_document_step()) continue;
    documents += tried(steps[at].counts);
    seconds += steps[at].busy_seconds / workers_of(project.config, step, overrides);
  }
  return seconds > 0 ? static_cast<double>(documents) / seconds : 0;
}

Result<std::vector<Awaiting>> what_awaits(Project& project, const Migration& migration,
                                          const EngineOverrides& overrides) {
  std::vector<Awaiting> awaiting;
  for (const Step& step : migration.steps) {
    Awaiting& one = awaiting.emplace_back();
    if (!step.is_document_step()) continue;
    DocumentTask task = TRY(
        plan_task(project, migration, step, {mongo::new_object_id(), 0}, overrides, Probe::kNo));
    auto started = Clock::now();
    one.lanes = task.workers;
    one.documents = count_matched(project, task).value_or(task.facts.documents);
    if (task.where().view().empty()) continue;
    one.scan_seconds = std::chrono::duration<double>(Clock::now() - started).count();
  }
  return awaiting;
}

MeasuredRound measured_round(const std::vector<Awaiting>& awaiting,
                             const std::vector<StepState>& steps) {
  MeasuredRound round;
  for (size_t at = 0; at < std::min(steps.size(), awaiting.size()); ++at) {
    const Awaiting& one = awaiting[at];
    round.push_back({.tried = tried(steps[at].counts),
                     .busy_seconds = steps[at].busy_seconds,
                     .lanes = one.lanes,
                     .documents = one.documents,
                     .scan_seconds = one.scan_seconds});
  }
  return round;
}

std::optional<int64_t> server_log_bytes(Project& project) {
  auto status = project.client.run("admin", make_document("serverStatus", 1));
  if (!status) return std::nullopt;
  auto bytes =
      status->view().get_document("wiredTiger").get_document("log").find("log bytes written");
  return bytes ? std::optional(bytes->as_int()) : std::nullopt;
}

}  // namespace whimbrel
