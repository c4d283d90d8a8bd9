#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/json_rows.h"
#include "flow/verify.h"

namespace whimbrel {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kShownWrong = 10;

Json journal_json(const VerifiedStep& step) {
  if (!step.journal) return nullptr;
  const StepVerification& found = *step.journal;
  Json first = Json::array();
  for (const WrongDocument& one : found.first) {
    first.push_back({{"_id", Json::parse(one.id.value().to_json())}, {"message", one.reason}});
  }
  return {{"lookedAt", found.looked_at},
          {"asMade", found.as_made},
          {"changedSince", found.changed_since},
          {"gone", found.gone},
          {"wrong", found.wrong},
          {"failures", std::move(first)}};
}

Json step_json(const VerifiedStep& step) {
  Json ids = Json::array();
  for (const auto& id : step.residual_ids) ids.push_back(Json::parse(id.value().to_json()));
  return {{"step", step.step},
          {"kind", step.kind},
          {"collection", step.collection},
          {"documents",
           {{"before", step.documents_before},
            {"now", step.documents_now},
            {"modified", step.counts.modified},
            {"unchanged", step.counts.unchanged},
            {"quarantined", step.quarantined}}},
          {"residual", step.residual ? Json(*step.residual) : Json(nullptr)},
          {"residualIds", std::move(ids)},
          {"journal", journal_json(step)},
          {"noJournal", step.no_journal.empty() ? Json(nullptr) : Json(step.no_journal)}};
}

void print_json(const Verification& found) {
  Json json{{"type", "verification"},
            {"exit", found.exit()},
            {"migration", found.migration},
            {"sha256", found.hash},
            {"run", found.run.empty() ? Json(nullptr) : Json(found.run)}};
  json["checks"] = Json::array();
  for (const VerifiedCheck& check : found.checks) {
    json["checks"].push_back({{"step", check.step},
                              {"check", check.text},
                              {"holds", check.holds},
                              {"message", check.message}});
  }
  json["steps"] = Json::array();
  for (const VerifiedStep& step : found.steps) json["steps"].push_back(step_json(step));
  json["notes"] = found.notes;
  fmt::print("{}\n", JsonRows::text(json));
}

void print_journal(const VerifiedStep& step) {
  if (!step.journal) {
    fmt::print("    journal:   not compared: {}\n", step.no_journal);
    return;
  }
  const StepVerification& found = *step.journal;
  fmt::print(
      "    journal:   {} documents compared: {} are what was made of them, {} were changed since, "
      "{} deleted since, {} are wrong\n",
      with_commas(found.looked_at), with_commas(found.as_made), with_commas(found.changed_since),
      with_commas(found.gone), with_commas(found.wrong));
  size_t shown = 0;
  for (const WrongDocument& one : found.first) {
    if (shown++ == kShownWrong) break;
    fmt::print("      _id {}: {}\n", one.id.value().to_relaxed_json(), one.reason);
  }
}

void print_residual(const VerifiedStep& step) {
  if (!step.residual) {
    fmt::print(
        "    residual:  not counted: `where` does not tell finished documents from others\n");
    return;
  }
  fmt::print("    residual:  {} documents still match `where`\n", with_commas(*step.residual));
  for (const auto& id : step.residual_ids)
    fmt::print("      _id {}\n", id.value().to_relaxed_json());
}

void print_text(const Verification& found) {
  fmt::print("{}\n", found.migration);
  for (const VerifiedStep& step : found.steps) {
    fmt::print("  {} {}\n", step.kind, step.collection);
    fmt::print("    documents: {} before, {} now; {} modified, {} unchanged, {} in quarantine\n",
               with_commas(step.documents_before), with_commas(step.documents_now),
               with_commas(step.counts.modified), with_commas(step.counts.unchanged),
               with_commas(step.quarantined));
    print_residual(step);
    print_journal(step);
  }
  for (const VerifiedCheck& check : found.checks) {
    fmt::print("  check {}: {}\n", check.text, check.holds ? "holds" : check.message);
  }
  for (const std::string& note : found.notes) fmt::print("  note: {}\n", note);
  std::string_view verdict = found.exit() == 0   ? "verified"
                             : found.exit() == 1 ? "NOT as it should be"
                                                 : "verified, but for documents in quarantine";
  fmt::print("  verdict: {}\n", verdict);
  if (found.exit() == kSomeLeft) fmt::print(stderr, "Next: whimbrel errors {}\n", found.migration);
}

}  // namespace

Result<int> run_verify(const Arguments& arguments) {
  Project project = TRY(open_project(arguments.sources));
  VerifyOptions options;
  if (!arguments.words.empty()) options.name = arguments.words.front();
  if (arguments.docs > 0) options.docs = arguments.docs;
  options.whole = arguments.full;
  Verification found = TRY(verify(project, options, process_stop()));
  if (arguments.output == Output::kText) print_text(found);
  else print_json(found);
  return found.exit();
}

}  // namespace whimbrel
