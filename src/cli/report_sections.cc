#include "cli/report_sections.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.h"
#include "flow/expectation.h"

namespace whimbrel {
namespace {

using Rows = std::vector<std::pair<std::string, std::string>>;

std::string rate_text(double documents_per_second) {
  return with_commas(static_cast<int64_t>(documents_per_second)) + " documents/s";
}

Rows count_rows(const Counts& counts) {
  return {{"processed", with_commas(counts.scanned)},
          {"modified", with_commas(counts.modified)},
          {"unchanged", with_commas(counts.unchanged)},
          {"quarantined", with_commas(counts.quarantined)},
          {"conflicts", with_commas(counts.conflicts)},
          {"journal", bytes_text(counts.journal_bytes)}};
}

ReportSection migration_section(const Report& report) {
  ReportSection section{"Migration", {{"file", report.migration}}};
  if (!report.description.empty()) section.rows.emplace_back("description", report.description);
  section.rows.emplace_back("state", report.state);
  section.rows.emplace_back("database", fmt::format("{} on MongoDB {} ({})", report.database,
                                                    report.server, report.topology));
  return section;
}

ReportSection run_section(const Report& report) {
  const Run& run = report.run;
  auto resumed = std::count_if(report.events.begin(), report.events.end(), [&](const auto& event) {
    return event.run == run.id && event.action == "run.resumed";
  });
  ReportSection section{"Run",
                        {{"id", run.id},
                         {"started", fmt::format("{} by {}@{}", iso_time(run.started_at),
                                                 run.process.user, run.process.host)},
                         {"resumed", fmt::format("{} times", resumed)},
                         {"worked", duration_text(run.seconds)},
                         {"pace", rate_text(report.docs_per_second())}}};
  if (report.applied_at > 0) section.rows.emplace_back("applied", iso_time(report.applied_at));
  if (!run.log_file.empty()) section.rows.emplace_back("log file", run.log_file);
  if (!run.message.empty()) section.rows.emplace_back("message", run.message);
  return section;
}

ReportSection step_section(const StepState& step, size_t number) {
  ReportSection section{fmt::format("Step {}: {} {}", number + 1, step.kind, step.collection), {}};
  if (step.strategy.empty()) return section;
  section.rows = count_rows(step.counts);
  section.rows.insert(section.rows.begin(), {"in the collection", with_commas(step.total)});
  section.rows.emplace_back("safe by", step.strategy);
  if (step.residual) {
    section.rows.emplace_back("still match `where`", with_commas(*step.residual));
  }
  return section;
}

/// The slowest, the middle and the fastest between two samples.
ReportSection pace_section(const Report& report) {
  ReportSection section{"Pace between samples", {}};
  std::vector<double> rates;
  for (const Pace& pace : report.paces()) rates.push_back(pace.docs_per_second);
  if (rates.size() < 3) return section;
  std::sort(rates.begin(), rates.end());
  section.rows = {{"slowest", rate_text(rates.front())},
                  {"median", rate_text(rates[rates.size() / 2])},
                  {"fastest", rate_text(rates.back())}};
  return section;
}

/// The most that any sample has; nullopt where none has it.
template <class T>
std::optional<T> most(const Report& report, std::optional<T> Sample::*field) {
  std::optional<T> found;
  for (const Sample& sample : report.samples) found = std::max(found, sample.*field);
  return found;
}

/// The worst that was measured, in the words of `monitor`.
ReportSection server_section(const Report& report) {
  ReportSection section{"The server meanwhile, at its worst", {}};
  auto add = [&](const char* name, const auto& value, auto&& text) {
    if (value) section.rows.emplace_back(name, text(*value));
  };
  auto percent = [](double share) { return fmt::format("{:.1f} %", 100 * share); };
  auto count = [](int64_t number) { return with_commas(number); };
  add("writes beside it", most(report, &Sample::write_ms),
      [](double ms) { return fmt::format("{:.1f} ms (nine of ten took less)", ms); });
  add("lag", most(report, &Sample::lag_seconds), duration_text);
  add("cache used", most(report, &Sample::cache_used_share), percent);
  add("cache dirty", most(report, &Sample::cache_dirty_share), percent);
  add("tickets taken", most(report, &Sample::tickets_out_share), percent);
  add("waiting for a lock", most(report, &Sample::queue), count);
  add("connections", most(report, &Sample::connections), count);
  add("operations/s", most(report, &Sample::ops_per_second),
      [](double rate) { return with_commas(static_cast<int64_t>(rate)); });
  add("memory", most(report, &Sample::resident_bytes), bytes_text);
  return section;
}

/// Each with the longest that it was seen to take, the longest first.
ReportSection slow_section(const Report& report) {
  constexpr size_t kMost = 10;
  ReportSection section{"Slow operations of others meanwhile", {}};
  std::map<std::string, double> longest;
  for (const Sample& sample : report.samples) {
    if (sample.slowest.empty()) continue;
    double& seconds = longest[sample.slowest];
    seconds = std::max(seconds, sample.slowest_seconds.value_or(0));
  }
  std::vector<std::pair<std::string, double>> sorted(longest.begin(), longest.end());
  std::sort(sorted.begin(), sorted.end(),
            [](const auto& a, const auto& b) { return a.second > b.second; });
  sorted.resize(std::min(sorted.size(), kMost));
  for (const auto& [what, seconds] : sorted) {
    section.rows.emplace_back(what, duration_text(seconds));
  }
  return section;
}

ReportSection estimate_section(const Report& report) {
  ReportSection section{"Estimate and truth", {}};
  auto expected = expectation(report.records, report.run.counts().scanned);
  if (!expected) return section;
  const Estimate& estimate = expected->estimate;
  section.rows = {
      {"rehearsed", expected->rehearsed},
      {"estimate", fmt::format("{} {}", duration_text(estimate.p50), spread_text(estimate))},
      {"truth", duration_text(report.run.seconds)}};
  return section;
}

ReportSection evidence_section(const Report& report) {
  ReportSection section{"Evidence", {}};
  for (const EvidenceRecord& record : report.records) {
    section.rows.emplace_back(
        record.subject(),
        fmt::format("{} in {} on {}{}", record.passed ? "passed" : "FAILED", record.place(),
                    iso_time(record.at), record.note.empty() ? "" : ": " + record.note));
  }
  return section;
}

ReportSection error_section(const Report& report) {
  ReportSection section{fmt::format("In quarantine: {}", with_commas(report.quarantined)), {}};
  for (size_t i = 0; i < report.first_errors.size(); ++i) {
    section.rows.emplace_back(std::to_string(i + 1), report.first_errors[i]);
  }
  return section;
}

ReportSection event_section(const Report& report) {
  ReportSection section{"What happened", {}};
  for (const AuditEntry& event : report.events) {
    std::string text = fmt::format("{} by {}@{}", event.action, event.who.user, event.who.host);
    for (const std::string& more : {event.outcome, event.message}) {
      if (!more.empty()) text += ": " + more;
    }
    section.rows.emplace_back(iso_time(event.at), text);
  }
  return section;
}

}  // namespace

std::vector<ReportSection> sections_of(const Report& report) {
  std::vector<ReportSection> sections{migration_section(report),
                                      run_section(report),
                                      {"Documents", count_rows(report.run.counts())}};
  for (size_t i = 0; i < report.run.steps.size(); ++i) {
    sections.push_back(step_section(report.run.steps[i], i));
  }
  for (ReportSection& section :
       std::vector{pace_section(report), server_section(report), slow_section(report),
                   estimate_section(report), evidence_section(report), error_section(report),
                   event_section(report)}) {
    if (!section.rows.empty()) sections.push_back(std::move(section));
  }
  return sections;
}

}  // namespace whimbrel
