#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/json_rows.h"
#include "flow/lint.h"

namespace whimbrel {
namespace {

using Json = nlohmann::ordered_json;

int exit_of(const LintReport& report, bool strict) {
  bool wrong = report.count(Severity::kError) > 0;
  bool warned = report.count(Severity::kWarning) > 0;
  return wrong || (strict && warned) ? 1 : 0;
}

Json finding_json(const Finding& finding) {
  return {{"code", finding.code},
          {"severity", to_text(finding.severity)},
          {"file", finding.path},
          {"line", finding.place.line},
          {"column", finding.place.column},
          {"message", finding.message},
          {"hint", finding.hint},
          {"suppressed", finding.suppressed},
          {"reason", finding.suppressed ? Json(finding.reason) : Json(nullptr)}};
}

Json counts_json(const LintReport& report) {
  return {{"files", report.files},
          {"errors", report.count(Severity::kError)},
          {"warnings", report.count(Severity::kWarning)},
          {"suppressed", report.suppressed()}};
}

void print_json(const LintReport& report, int exit) {
  Json json{{"schema", 1}, {"type", "lint"}};
  json["findings"] = Json::array();
  for (const Finding& finding : report.findings) json["findings"].push_back(finding_json(finding));
  json["notes"] = report.notes;
  json["counts"] = counts_json(report);
  json["exit"] = exit;
  fmt::print("{}\n", JsonRows::text(json));
}

void print_ndjson(const LintReport& report, int exit) {
  for (const Finding& finding : report.findings) {
    Json json{{"type", "finding"}};
    json.update(finding_json(finding));
    fmt::print("{}\n", JsonRows::text(json));
  }
  Json summary{{"type", "summary"}, {"exit", exit}};
  summary.update(counts_json(report));
  summary["notes"] = report.notes;
  fmt::print("{}\n", JsonRows::text(summary));
}

std::string place_text(const Finding& finding) {
  const LintPlace& place = finding.place;
  if (place.line == 0) return finding.path;
  if (place.column == 0) return fmt::format("{}:{}", finding.path, place.line);
  return fmt::format("{}:{}:{}", finding.path, place.line, place.column);
}

std::string counted(size_t count, const std::string& what) {
  return fmt::format("{} {}{}", with_commas(static_cast<int64_t>(count)), what,
                     count == 1 ? "" : "s");
}

void print_summary(const LintReport& report) {
  std::string suppressed =
      report.suppressed() > 0 ? fmt::format("; {} suppressed", report.suppressed()) : "";
  fmt::print("{}: {}, {}{}\n", counted(report.files, "migration"),
             counted(report.count(Severity::kError), "error"),
             counted(report.count(Severity::kWarning), "warning"), suppressed);
}

void print_text(const LintReport& report) {
  const Finding* last = nullptr;
  for (const Finding& finding : report.findings) {
    if (finding.suppressed) continue;
    if (last && last->path != finding.path) fmt::print("\n");
    fmt::print("{}: {} {}: {}\n  next: {}\n", place_text(finding), to_text(finding.severity),
               finding.code, finding.message, finding.hint);
    last = &finding;
  }
  if (last) fmt::print("\n");
  for (const std::string& note : report.notes) fmt::print("note: {}\n", note);
  print_summary(report);
  if (last) fmt::print(stderr, "Next: whimbrel explain {}\n", last->code);
}

}  // namespace

Result<int> run_lint(const Arguments& arguments) {
  LintReport report = TRY(lint(arguments.sources, arguments.words, process_stop()));
  int exit = exit_of(report, arguments.strict);
  if (arguments.output == Output::kText) print_text(report);
  else if (arguments.output == Output::kJson) print_json(report, exit);
  else print_ndjson(report, exit);
  return exit;
}

}  // namespace whimbrel
