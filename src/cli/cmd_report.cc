#include <fmt/format.h>

#include <ostream>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/json_rows.h"
#include "cli/report_sections.h"
#include "cli/whole_file.h"

namespace whimbrel {
namespace {

using Json = nlohmann::ordered_json;

Json counts_of(const Counts& counts) {
  return Json::parse(counts_json(counts));
}

Json steps_json(const Run& run) {
  Json steps = Json::array();
  for (const StepState& step : run.steps) {
    steps.push_back({{"kind", step.kind},
                     {"collection", step.collection},
                     {"strategy", text_or_null(step.strategy)},
                     {"total", step.total},
                     {"documents", counts_of(step.counts)},
                     {"journalBytes", step.counts.journal_bytes},
                     {"residual", step.residual ? Json(*step.residual) : Json(nullptr)}});
  }
  return steps;
}

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json samples_json(const Report& report) {
  Json samples = Json::array();
  for (const Sample& sample : report.samples) {
    samples.push_back({{"step", sample.step},
                       {"at", iso_time(sample.at)},
                       {"scanned", sample.scanned},
                       {"modified", sample.modified},
                       {"quarantined", sample.quarantined},
                       {"conflicts", sample.conflicts},
                       {"lanes", sample.lanes},
                       {"batchMs", sample.batch_ms},
                       {"writeMs", or_null(sample.write_ms)},
                       {"lagSeconds", or_null(sample.lag_seconds)},
                       {"cacheUsedShare", or_null(sample.cache_used_share)},
                       {"cacheDirtyShare", or_null(sample.cache_dirty_share)},
                       {"ticketsOutShare", or_null(sample.tickets_out_share)},
                       {"opsPerSecond", or_null(sample.ops_per_second)},
                       {"connections", or_null(sample.connections)},
                       {"queue", or_null(sample.queue)},
                       {"residentBytes", or_null(sample.resident_bytes)},
                       {"slowOperations", or_null(sample.slow_operations)},
                       {"slowest", text_or_null(sample.slowest)},
                       {"slowestSeconds", or_null(sample.slowest_seconds)}});
  }
  return samples;
}

Json events_json(const Report& report) {
  Json events = Json::array();
  for (const AuditEntry& event : report.events) {
    events.push_back({{"at", iso_time(event.at)},
                      {"who", who_json(event.who)},
                      {"action", event.action},
                      {"run", text_or_null(event.run)},
                      {"outcome", text_or_null(event.outcome)},
                      {"message", text_or_null(event.message)}});
  }
  return events;
}

std::string json_text(const Report& report) {
  const Run& run = report.run;
  Json json{
      {"schema", 1},
      {"type", "report"},
      {"migration", report.migration},
      {"description", text_or_null(report.description)},
      {"state", report.state},
      {"database", report.database},
      {"server", {{"version", report.server}, {"topology", report.topology}}},
      {"run", run.id},
      {"sha256", run.hash},
      {"startedAt", iso_time(run.started_at)},
      {"appliedAt", report.applied_at > 0 ? Json(iso_time(report.applied_at)) : Json(nullptr)},
      {"documents", counts_of(run.counts())},
      {"seconds", run.seconds},
      {"docsPerSecond", report.docs_per_second()},
      {"logFile", text_or_null(run.log_file)},
      {"message", text_or_null(run.message)},
      {"steps", steps_json(run)},
      {"quarantined", report.quarantined},
      {"firstErrors", report.first_errors},
      {"events", events_json(report)},
      {"samples", samples_json(report)}};
  return JsonRows::text(json) + "\n";
}

std::string plain_text(const Report& report) {
  std::string text;
  for (const ReportSection& section : sections_of(report)) {
    text += section.title + "\n";
    for (const auto& [name, value] : section.rows) {
      text += fmt::format("  {:<20} {}\n", name, value);
    }
  }
  return text;
}

/// What would end a cell, or begin something else, is shown as it is.
std::string cell(const std::string& text) {
  std::string safe;
  for (char c : text) {
    if (c == '|' || c == '<') safe += '\\';
    safe += c == '\n' ? ' ' : c;
  }
  return safe;
}

std::string markdown(const Report& report) {
  std::string text = fmt::format("# {}\n", report.migration);
  for (const ReportSection& section : sections_of(report)) {
    text += fmt::format("\n## {}\n", section.title);
    if (!section.rows.empty()) text += "\n| | |\n|---|---|\n";
    for (const auto& [name, value] : section.rows) {
      text += fmt::format("| {} | {} |\n", cell(name), cell(value));
    }
  }
  return text;
}

std::string in(Output output, const Report& report) {
  switch (output) {
    case Output::kText:
      return plain_text(report);
    case Output::kMarkdown:
      return markdown(report);
    case Output::kHtml:
      return report_page(report);
    default:
      return json_text(report);
  }
}

}  // namespace

Result<int> run_report(const Arguments& arguments) {
  Project project = TRY(open_project(arguments.sources));
  std::string name = arguments.words.empty() ? "" : arguments.words.front();
  Report report = TRY(read_report(project, name));
  std::string text = in(arguments.output, report);
  std::string file = arguments.out_file.empty() ? "-" : arguments.out_file;
  TRY(write_whole_file(file, "name another file: --out FILE", [&](std::ostream& out) -> Status {
    out << text;
    return {};
  }));
  return 0;
}

}  // namespace whimbrel
