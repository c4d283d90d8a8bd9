#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/json_rows.h"
#include "cli/reason.h"
#include "cli/whole_file.h"
#include "flow/errors.h"

namespace whimbrel {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kShownIds = 3;

/// One reason and who has it.
struct Reason {
  int code = 0;
  std::string example;
  int64_t documents = 0;
  std::vector<std::string> ids;
};

using Reasons = std::map<std::pair<int, std::string>, Reason>;

Result<std::vector<Reason>> reasons_of(Project& project, const QuarantinedStep& step) {
  Reasons found;
  TRY(Quarantine(project.client, project.database)
          .each(step.key, [&](const QuarantinedDocument& document) -> Status {
            Reason& reason = found[{document.code, reason_key(document.message)}];
            if (reason.documents++ == 0) {
              reason.code = document.code;
              reason.example = document.message;
            }
            if (reason.ids.size() < kShownIds) reason.ids.push_back(document.id.value().to_json());
            return {};
          }));
  std::vector<Reason> reasons;
  for (auto& [key, reason] : found) reasons.push_back(std::move(reason));
  std::stable_sort(reasons.begin(), reasons.end(),
                   [](const Reason& a, const Reason& b) { return a.documents > b.documents; });
  return reasons;
}

Json document_json(const QuarantinedStep& step, const QuarantinedDocument& document) {
  return {{"migration", step.migration},     {"run", step.key.run},
          {"step", step.key.step},           {"_id", Json::parse(document.id.value().to_json())},
          {"code", document.code},           {"message", document.message},
          {"ambiguous", document.ambiguous}, {"at", iso_time(document.at)}};
}

Json reason_json(const QuarantinedStep& step, const Reason& reason) {
  Json ids = Json::array();
  for (const std::string& id : reason.ids) ids.push_back(Json::parse(id));
  return {{"migration", step.migration}, {"run", step.key.run},
          {"step", step.key.step},       {"code", reason.code},
          {"message", reason.example},   {"documents", reason.documents},
          {"examples", std::move(ids)}};
}

std::string code_text(int code) {
  return code == 0 ? "" : fmt::format("  (code {})", code);
}

Status list_json(Project& project, const Arguments& arguments,
                 const std::vector<QuarantinedStep>& steps) {
  JsonRows rows(arguments.output, project.database, "errors", "documents");
  for (const QuarantinedStep& step : steps) {
    if (arguments.group) {
      for (const Reason& reason : TRY(reasons_of(project, step)))
        rows.add(reason_json(step, reason));
      continue;
    }
    TRY(Quarantine(project.client, project.database)
            .each(step.key, [&](const QuarantinedDocument& document) -> Status {
              rows.add(document_json(step, document));
              return {};
            }));
  }
  return {};
}

Status print_reasons(Project& project, const QuarantinedStep& step) {
  for (const Reason& reason : TRY(reasons_of(project, step))) {
    fmt::print("  {:>8}  {}{}\n            for example _id {}\n", with_commas(reason.documents),
               reason.example, code_text(reason.code), join(reason.ids, ", "));
  }
  return {};
}

Status list_text(Project& project, const Arguments& arguments,
                 const std::vector<QuarantinedStep>& steps) {
  for (const QuarantinedStep& step : steps) {
    fmt::print("{}, step {}: {} document{} in quarantine\n", step.migration, step.key.step + 1,
               with_commas(step.documents), step.documents == 1 ? "" : "s");
    if (arguments.group) {
      TRY(print_reasons(project, step));
      continue;
    }
    TRY(Quarantine(project.client, project.database)
            .each(step.key, [&](const QuarantinedDocument& document) -> Status {
              fmt::print("  {}  _id {}: {}{}\n", iso_time(document.at),
                         document.id.value().to_json(), document.message, code_text(document.code));
              return {};
            }));
  }
  if (steps.empty()) fmt::print("no documents are in quarantine\n");
  else fmt::print(stderr, "Next: mend the documents, then: whimbrel errors --retry\n");
  return {};
}

Status export_to(std::ostream& file, Project& project, const std::vector<QuarantinedStep>& steps,
                 int64_t& written) {
  for (const QuarantinedStep& step : steps) {
    TRY(Quarantine(project.client, project.database)
            .each(step.key, [&](const QuarantinedDocument& document) -> Status {
              Json row = document_json(step, document);
              bool has_image = !document.before.view().empty();
              row["before"] =
                  has_image ? Json::parse(document.before.view().to_json()) : Json(nullptr);
              file << JsonRows::text(row) << "\n";
              ++written;
              return {};
            }));
  }
  return {};
}

Status export_file(Project& project, const std::string& path,
                   const std::vector<QuarantinedStep>& steps) {
  int64_t written = 0;
  TRY(write_whole_file(path, "name another file: --export FILE", [&](std::ostream& file) {
    return export_to(file, project, steps, written);
  }));
  if (path == "-") return {};
  fmt::print("{} document{} written to {}\n", with_commas(written), written == 1 ? "" : "s", path);
  return {};
}

void print_outcome(const Arguments& arguments, const RetryOutcome& outcome, int exit) {
  if (arguments.output == Output::kText) {
    fmt::print("migrated {}  unchanged {}  gone {}  still in quarantine {}\n",
               with_commas(outcome.migrated), with_commas(outcome.unchanged),
               with_commas(outcome.gone), with_commas(outcome.left));
    return;
  }
  Json json{{"type", "retry"},
            {"exit", exit},
            {"migrated", outcome.migrated},
            {"unchanged", outcome.unchanged},
            {"gone", outcome.gone},
            {"left", outcome.left},
            {"ambiguous", outcome.ambiguous}};
  fmt::print("{}\n", json.dump());
}

Result<int> retry(const Arguments& arguments, Project& project, const std::string& name) {
  TRY(require_confirmation(project.config, project.database,
                           ask_confirmation(arguments, project.config, project.database)));
  auto reporter = TRY(open_reporter(arguments, project.config, "errors"));
  ShownScriptLines shown(*project.scripts, *reporter);
  RetryOptions options{name, arguments.overrides, arguments.wait};
  auto outcome = retry_errors(project, options, *reporter, process_stop());
  if (!outcome) {
    Error error = std::move(outcome).error();
    if (error.hint == "whimbrel up") error.hint = "whimbrel errors --retry";
    return error;
  }
  int exit = outcome->left > 0 ? kSomeLeft : 0;
  print_outcome(arguments, *outcome, exit);
  return exit;
}

}  // namespace

Result<int> run_errors(const Arguments& arguments) {
  Project project = TRY(open_project(arguments.sources));
  std::string name = arguments.words.empty() ? "" : arguments.words.front();
  if (arguments.retry) return retry(arguments, project, name);
  auto steps = TRY(quarantined_steps(project, name));
  if (!arguments.export_file.empty()) {
    TRY(export_file(project, arguments.export_file, steps));
    return 0;
  }
  if (arguments.output == Output::kText) TRY(list_text(project, arguments, steps));
  else TRY(list_json(project, arguments, steps));
  return 0;
}

}  // namespace whimbrel
