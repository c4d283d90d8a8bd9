#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "base/text.h"
#include "cli/arguments_steering.h"
#include "cli/commands.h"
#include "cli/json_rows.h"
#include "cli/whole_file.h"
#include "flow/plan.h"

namespace whimbrel {
namespace {

using Json = nlohmann::ordered_json;

Json step_json(const PlannedStep& step) {
  Json json{{"kind", step.kind}, {"collection", step.collection}};
  if (!step.target.empty()) json["to"] = step.target;
  json["down"] = step.down;
  json["warnings"] = step.warnings;
  if (!step.guarantee.empty()) json["guarantee"] = step.guarantee;
  if (!step.is_document_step) return json;
  json["documents"] = step.documents;
  json["matched"] = step.matched ? Json(*step.matched) : Json(nullptr);
  json["strategy"] = step.strategy;
  json["lanes"] = step.lanes;
  json["lanesReason"] = step.lanes_reason;
  json["batch"] = {
      {"docs", step.batch.docs}, {"bytes", step.batch.bytes}, {"ms", step.batch.time.count()}};
  json["sample"] = step.sample;
  json["reads"] = nullptr;
  if (const auto& reads = step.reads) {
    json["reads"] = {{"index", reads->index.empty() ? Json(nullptr) : Json(reads->index)},
                     {"examined", reads->examined},
                     {"found", reads->found}};
  }
  return json;
}

Json expected_json(const std::optional<Expectation>& expected) {
  if (!expected) return nullptr;
  const Estimate& estimate = expected->estimate;
  return {{"documents", estimate.documents},
          {"p10", estimate.p10},
          {"p50", estimate.p50},
          {"p90", estimate.p90},
          {"journalBytes", expected->journal_bytes},
          {"logBytes", expected->log_bytes ? Json(*expected->log_bytes) : Json(nullptr)},
          {"rehearsed", expected->rehearsed}};
}

Json moment_json(const std::optional<Windows::Time>& at) {
  return at ? Json(iso_time(at->time_since_epoch().count())) : Json(nullptr);
}

Json judgement_json(const std::optional<Timely>& timely) {
  return timely ? Json(to_text(*timely)) : Json(nullptr);
}

Json end_json(const UpPlan& plan) {
  return {{"p50", moment_json(plan.end.p50)},
          {"p90", moment_json(plan.end.p90)},
          {"unknown", plan.end.unknown},
          {"finishBy", moment_json(plan.limits.finish_by)},
          {"inTime", judgement_json(plan.end.by_wish)},
          {"inOneGo", judgement_json(plan.end.in_one_go)}};
}

Json to_json(const UpPlan& plan) {
  Json json{{"schema", 1}, {"type", "plan"}, {"database", plan.database}};
  json["server"] = {{"version", plan.server}, {"topology", plan.topology}};
  json["environment"] = plan.environment.empty() ? Json(nullptr) : Json(plan.environment);
  json["oplog"] = plan.oplog ? Json{{"bytes", plan.oplog->bytes}, {"seconds", plan.oplog->seconds}}
                             : Json(nullptr);
  json["end"] = end_json(plan);
  json["notes"] = plan.notes;
  json["schedule"] = Json::array();
  for (const PlannedMigration& migration : plan.migrations) {
    json["schedule"].push_back(
        {{"migration", migration.file}, {"after", migration.after}, {"why", migration.after_why}});
  }
  json["migrations"] = Json::array();
  for (const PlannedMigration& migration : plan.migrations) {
    Json one{{"file", migration.file},
             {"description", migration.description},
             {"resumes", migration.resumes},
             {"done", migration.done},
             {"expected", expected_json(migration.expected)},
             {"steps", Json::array()}};
    for (const PlannedStep& step : migration.steps) one["steps"].push_back(step_json(step));
    json["migrations"].push_back(one);
  }
  json["bond"] = Json::parse(plan.bond.view().to_json());
  return json;
}

Status write_plan(const std::string& path, const UpPlan& plan) {
  return write_whole_file(path, "name another file: --out FILE", [&](std::ostream& file) -> Status {
    file << JsonRows::text(to_json(plan)) << "\n";
    return {};
  });
}

void print_documents(const PlannedStep& step) {
  std::string matched = step.matched ? with_commas(*step.matched) : "not counted (over 3 s)";
  fmt::print("      documents: {} in the collection, {} match `where`\n",
             with_commas(step.documents), matched);
  fmt::print("      lanes: {} ({}); batches of up to {} documents, {}, {} ms\n", step.lanes,
             step.lanes_reason, with_commas(step.batch.docs), bytes_text(step.batch.bytes),
             step.batch.time.count());
}

void print_step(const PlannedStep& step) {
  std::string to = step.target.empty() ? "" : " -> " + step.target;
  std::string title = fmt::format("{} {}", step.kind, step.collection);
  fmt::print("    {}{}\n", trim(title), to);
  if (step.is_document_step) print_documents(step);
  if (step.reads) fmt::print("      reads: {}\n", reads_text(*step.reads));
  if (!step.guarantee.empty()) fmt::print("      guarantee: {}\n", step.guarantee);
  fmt::print("      down: {}\n", step.down);
  if (!step.sample.empty()) fmt::print("      sample:\n");
  for (const std::string& line : step.sample) fmt::print("        {}\n", line);
  for (const std::string& warning : step.warnings) fmt::print("      warning: {}\n", warning);
}

void print_expected(const PlannedMigration& migration) {
  if (!migration.has_document_step()) return;
  if (!migration.expected) {
    fmt::print("    expected: not known; whimbrel rehearse {}\n", migration.file);
    return;
  }
  const Estimate& estimate = migration.expected->estimate;
  std::string log =
      migration.expected->log_bytes
          ? fmt::format(", {} to the server's log", bytes_text(*migration.expected->log_bytes))
          : "";
  fmt::print("    expected: {} {}; {} of journal{}\n", duration_text(estimate.p50),
             spread_text(estimate), bytes_text(migration.expected->journal_bytes), log);
  fmt::print("      for {} documents, from the rehearsal {}\n", with_commas(estimate.documents),
             migration.expected->rehearsed);
}

void print_schedule(const UpPlan& plan) {
  if (plan.migrations.size() < 2) return;
  fmt::print("\n  with `up --parallel`\n");
  for (const PlannedMigration& migration : plan.migrations) {
    if (migration.after.empty()) fmt::print("    {} at once\n", migration.file);
    else
      fmt::print("    {} after {}: {}\n", migration.file, join(migration.after, ", "),
                 migration.after_why);
  }
}

void print_text(const UpPlan& plan) {
  fmt::print("Plan for {} on MongoDB {} ({}). Nothing is changed by this command.\n", plan.database,
             plan.server, plan.topology);
  for (const PlannedMigration& migration : plan.migrations) {
    std::string resumes = migration.resumes ? fmt::format("  resumes: {} documents are done",
                                                          with_commas(migration.done))
                                            : "";
    fmt::print("\n  {}{}\n", migration.file, resumes);
    if (!migration.description.empty()) fmt::print("    {}\n", migration.description);
    for (const PlannedStep& step : migration.steps) print_step(step);
    print_expected(migration);
  }
  print_schedule(plan);
  if (plan.oplog) {
    fmt::print("\n  oplog: {}, the last {} of writes are in it\n", bytes_text(plan.oplog->bytes),
               duration_text(plan.oplog->seconds));
  }
  auto end = end_lines(plan.end, plan.limits, plan.now);
  if (!end.empty()) fmt::print("\n");
  for (const std::string& line : end) fmt::print("  end: {}\n", line);
  for (const std::string& note : plan.notes) fmt::print("\n  note: {}\n", note);
  fmt::print("\nPlan: {} to apply.\n", plan.migrations.size());
}

Result<std::optional<Windows::Time>> finish_by(const Arguments& arguments) {
  const std::string& text = arguments.finish_by;
  if (text.empty()) return std::optional<Windows::Time>();
  auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  return std::optional(TRY(parse_moment(text, now)));
}

}  // namespace

Result<int> run_plan(const Arguments& arguments) {
  TimeLimits limits;
  limits.max_time = arguments.max_time;
  limits.finish_by = TRY(finish_by(arguments));
  auto windows = TRY(typed_windows(arguments));
  Project project = TRY(open_project(arguments.sources));
  limits.windows = windows.value_or(project.config.windows);
  UpPlan plan = TRY(plan_up(project, arguments.selection, arguments.overrides, limits));
  const std::string& file = arguments.out_file;
  if (!file.empty()) TRY(write_plan(file, plan));
  if (file == "-") return 0;
  if (arguments.output == Output::kText) print_text(plan);
  else fmt::print("{}\n", JsonRows::text(to_json(plan)));
  if (!plan.migrations.empty() && arguments.output == Output::kText)
    fmt::print(stderr, "Next: whimbrel up{}\n", file.empty() ? "" : " --plan " + file);
  return 0;
}

}  // namespace whimbrel
