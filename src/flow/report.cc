#include "flow/report.h"

#include <fmt/format.h>

#include <algorithm>

#include "flow/history.h"
#include "state/quarantine.h"

namespace whimbrel {
namespace {

constexpr int kShownErrors = 10;

Result<const Entry*> meant_by(const History& history, const std::string& name) {
  if (!name.empty()) return history.resolve(name);
  const Entry* last = nullptr;
  for (const Entry& entry : history.entries) {
    bool later = entry.run && (!last || entry.run->updated_at >= last->run->updated_at);
    if (later) last = &entry;
  }
  if (last) return last;
  return Error{ErrorKind::kNotFound, "no migration has run here yet", "whimbrel up"};
}

Status add_errors(Project& project, Report& report) {
  Quarantine quarantine(project.client, project.database);
  for (const QuarantinedStep& step : TRY(quarantine.steps())) {
    if (step.key.run == report.run.id) report.quarantined += step.documents;
  }
  for (const QuarantinedDocument& one : TRY(quarantine.read(report.run.id, kShownErrors))) {
    report.first_errors.push_back(
        fmt::format("_id {}: {}", one.id.value().to_relaxed_json(), one.message));
  }
  return {};
}

Status add_events(Project& project, Report& report) {
  return Audit(project.client, project.database)
      .each(report.migration, [&](const AuditEntry& entry) -> Status {
        report.events.push_back(entry);
        return {};
      });
}

}  // namespace

double Report::docs_per_second() const {
  return run.seconds > 0 ? static_cast<double>(run.counts().scanned) / run.seconds : 0;
}

std::vector<Pace> Report::paces() const {
  std::vector<Pace> paces;
  for (size_t i = 1; i < samples.size(); ++i) {
    const Sample& before = samples[i - 1];
    const Sample& now = samples[i];
    auto seconds = static_cast<double>(now.at - before.at) / 1000;
    bool same = now.step == before.step && now.scanned >= before.scanned && seconds > 0;
    if (!same) continue;
    paces.push_back({static_cast<double>(now.at - samples.front().at) / 1000,
                     static_cast<double>(now.scanned - before.scanned) / seconds});
  }
  return paces;
}

Result<Report> read_report(Project& project, const std::string& name) {
  History history = TRY(read_history(project));
  const Entry* entry = TRY(meant_by(history, name));
  if (!entry->run) {
    return Error{ErrorKind::kNotFound, entry->name + ": no run of whimbrel's is known",
                 "whimbrel history shows what is"};
  }
  Report report{.migration = entry->name, .run = *entry->run};
  report.state = to_text(entry->state);
  report.database = project.database;
  report.server = project.client.server().version;
  report.topology = project.client.server().topology_text();
  if (entry->applied) report.applied_at = entry->applied->applied_at;
  if (entry->file) {
    auto migration = load_any(*project.scripts, *entry->file);
    if (migration) report.description = migration->description;
  }
  report.samples = TRY(Samples(project.client, project.database).read(report.run.id));
  report.records = TRY(Evidence(project.client, project.database).read(report.run.hash));
  TRY(add_errors(project, report));
  TRY(add_events(project, report));
  return report;
}

}  // namespace whimbrel
