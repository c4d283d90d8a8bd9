#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/json_rows.h"
#include "cli/reason.h"
#include "cli/source_watch.h"
#include "engine/diff.h"
#include "flow/trial.h"

namespace whimbrel {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kTestDocuments = 10;
constexpr int64_t kRehearsalDocuments = 1000;
constexpr size_t kShownReasons = 10;

Json json_of(const std::optional<mongo::Document>& document) {
  return document ? Json::parse(document->view().to_json()) : Json(nullptr);
}

Json json_of(const std::optional<bool>& verdict) {
  return verdict ? Json(*verdict) : Json(nullptr);
}

Json json_of(const std::optional<Estimate>& estimate) {
  if (!estimate) return nullptr;
  return {{"documents", estimate->documents},
          {"p10", estimate->p10},
          {"p50", estimate->p50},
          {"p90", estimate->p90}};
}

Json to_json(const Trial& trial) {
  Json json{{"type", "rehearsal"},
            {"phase", to_text(trial.phase)},
            {"migration", trial.migration},
            {"sha256", trial.hash},
            {"sample", trial.sample},
            {"succeeded", trial.succeeded()},
            {"failed", trial.documents.quarantined}};
  json["failures"] = Json::array();
  for (const TrialFailure& failure : trial.failures) {
    Json id = Json::parse(failure.id.value().to_json());
    json["failures"].push_back({{"_id", std::move(id)}, {"message", failure.message}});
  }
  json["modified"] = trial.documents.modified;
  json["unchanged"] = trial.documents.unchanged;
  json["seconds"] = trial.seconds;
  json["docsPerSecond"] = trial.docs_per_second;
  json["bytes"] = trial.bytes;
  json["logBytes"] = trial.log_bytes ? Json(*trial.log_bytes) : Json(nullptr);
  auto times = trial.write_amplification();
  json["writeAmplification"] = times ? Json(*times) : Json(nullptr);
  json["idempotent"] = json_of(trial.idempotent);
  json["idempotentWhy"] = trial.idempotent_why;
  json["roundTrip"] = json_of(trial.round_trip);
  json["roundTripWhy"] = trial.round_trip_why;
  json["estimate"] = json_of(trial.estimate);
  json["estimate10M"] = json_of(trial.estimate_10m);
  json["samples"] = Json::array();
  for (const TrialSample& sample : trial.samples) {
    json["samples"].push_back({{"collection", sample.collection},
                               {"_id", Json::parse(sample.id.value().to_json())},
                               {"before", json_of(sample.before)},
                               {"after", json_of(sample.after)}});
  }
  json["notes"] = trial.notes;
  json["error"] = trial.error ? Json(trial.error->message) : Json(nullptr);
  json["exit"] = trial.exit();
  return json;
}

/// By `_id`, for the samples that are shown.
using FailuresById = std::map<std::string, std::string>;

FailuresById failures_by_id(const Trial& trial) {
  FailuresById failures;
  for (const TrialFailure& one : trial.failures) failures[one.id.value().map_key()] = one.message;
  return failures;
}

std::vector<std::string> lines_of(const TrialSample& sample, const FailuresById& failures) {
  if (!sample.before) return {"+ the document: " + sample.after->view().to_relaxed_json()};
  if (!sample.after) return {"- the document: " + sample.before->view().to_relaxed_json()};
  auto failed = failures.find(sample.id.value().map_key());
  if (failed != failures.end()) return {"! " + failed->second};
  auto lines = typed_diff(*sample.before, *sample.after);
  return lines.empty() ? std::vector<std::string>{"stays as it is"} : lines;
}

void print_failures(const Trial& trial) {
  std::map<std::string, std::pair<int64_t, const TrialFailure*>> reasons;
  for (const TrialFailure& failure : trial.failures) {
    auto& reason = reasons[reason_key(failure.message)];
    if (reason.first++ == 0) reason.second = &failure;
  }
  size_t shown = 0;
  for (const auto& [key, reason] : reasons) {
    if (shown++ == kShownReasons) break;
    fmt::print("    {:>6}  {}\n            for example _id {}\n", with_commas(reason.first),
               reason.second->message, reason.second->id.value().to_relaxed_json());
  }
}

std::string_view answer(const std::optional<bool>& verdict) {
  if (!verdict) return "not tried";
  return *verdict ? "yes" : "no";
}

std::string why(const std::string& reason) {
  return reason.empty() ? "" : ": " + reason;
}

void print_samples(const Trial& trial) {
  FailuresById failures = failures_by_id(trial);
  for (const TrialSample& sample : trial.samples) {
    fmt::print("  {} _id {}\n", sample.collection, sample.id.value().to_relaxed_json());
    for (const std::string& line : lines_of(sample, failures)) fmt::print("    {}\n", line);
  }
}

void print_documents(const Trial& trial) {
  fmt::print("  documents:  {} tried, {} succeeded ({} modified, {} unchanged), {} failed\n",
             with_commas(trial.sample), with_commas(trial.succeeded()),
             with_commas(trial.documents.modified), with_commas(trial.documents.unchanged),
             with_commas(trial.documents.quarantined));
  print_failures(trial);
}

void print_measured(const Trial& trial) {
  if (trial.docs_per_second > 0) {
    fmt::print("  measured:   {} documents/s\n",
               with_commas(static_cast<int64_t>(trial.docs_per_second)));
  }
  if (auto times = trial.write_amplification()) {
    fmt::print("  written:    {} to the server's log for {} of documents ({:.1f} times)\n",
               bytes_text(*trial.log_bytes), bytes_text(trial.bytes), *times);
  }
  for (const auto& estimate : {trial.estimate, trial.estimate_10m}) {
    if (!estimate) continue;
    fmt::print("  estimate:   {} for {} documents {}\n", duration_text(estimate->p50),
               with_commas(estimate->documents), spread_text(*estimate));
  }
}

std::string verdict_of(const Trial& trial) {
  if (trial.exit() == 0) return "passed";
  return trial.exit() == kSomeLeft ? "passed, with documents that fail" : "FAILED";
}

void print_text(const Trial& trial) {
  fmt::print("\n{} of {}\n", trial.phase == Phase::kTest ? "Test" : "Rehearsal", trial.migration);
  print_samples(trial);
  print_documents(trial);
  fmt::print("  idempotent: {}{}\n", answer(trial.idempotent), why(trial.idempotent_why));
  fmt::print("  round trip: {}{}\n", answer(trial.round_trip), why(trial.round_trip_why));
  if (trial.phase == Phase::kRehearse) print_measured(trial);
  for (const std::string& note : trial.notes) fmt::print("  note:       {}\n", note);
  if (trial.error) {
    fmt::print("  failed:     {}\n", trial.error->message);
    if (!trial.error->hint.empty()) fmt::print("    next: {}\n", trial.error->hint);
  }
  fmt::print("  verdict:    {} in {}\n", verdict_of(trial), duration_text(trial.seconds));
}

int worst_exit(const std::vector<Trial>& trials) {
  int worst = 0;
  for (const Trial& trial : trials) {
    int own = trial.exit();
    if (worst == 0 || (worst == kSomeLeft && own != 0)) worst = own;
  }
  return worst;
}

Result<int> run(const Arguments& arguments, TrialOptions options) {
  Project project = TRY(open_project(arguments.sources));
  options.name = arguments.words.empty() ? "" : arguments.words.front();
  if (arguments.docs > 0) options.docs = arguments.docs;
  options.whole = arguments.full;
  options.overrides = arguments.overrides;
  // Says warnings and what the user's code prints, nothing else.
  Reporter::Options silent{.output = Output::kJson,
                           .progress = {},
                           .log_file = "",
                           .command = arguments.command,
                           .quiet = true};
  silent.progress.kind = ProgressStyle::Kind::kNone;
  auto reporter = TRY(Reporter::open(silent));
  ShownScriptLines shown(*project.scripts, *reporter);
  std::vector<Trial> trials = TRY(try_migrations(project, options, *reporter, process_stop()));
  bool text = arguments.output == Output::kText;
  for (const Trial& trial : trials) {
    if (text) print_text(trial);
    else fmt::print("{}\n", JsonRows::text(to_json(trial)));
  }
  if (text && trials.empty()) fmt::print("Nothing to try: every migration is applied.\n");
  if (text && !trials.empty()) {
    fmt::print(
        "\nTried on copies in a scratch database, which is dropped again; {} is as it was.\n",
        project.database);
  }
  return worst_exit(trials);
}

/// Until it is stopped. What is wrong is said, and mended while it waits.
Result<int> run_on_save(const Arguments& arguments, const TrialOptions& options) {
  std::string directory = arguments.sources.directory.empty() ? "." : arguments.sources.directory;
  SourceWatch watch(directory);
  while (true) {
    auto code = run(arguments, options);
    if (process_stop().requested()) return process_stop().error();
    if (!code) print_error(code.error());
    if (!arguments.quiet) fmt::print(stderr, "\nWaiting for a change; Ctrl-C ends it.\n");
    std::fflush(stdout);
    TRY(watch.wait(process_stop()));
  }
}

}  // namespace

Result<int> run_test(const Arguments& arguments) {
  TrialOptions options{
      .phase = Phase::kTest, .name = "", .docs = kTestDocuments, .whole = false, .overrides = {}};
  return arguments.watch ? run_on_save(arguments, options) : run(arguments, std::move(options));
}

Result<int> run_rehearse(const Arguments& arguments) {
  return run(arguments, {.phase = Phase::kRehearse,
                         .name = "",
                         .docs = kRehearsalDocuments,
                         .whole = false,
                         .overrides = {}});
}

}  // namespace whimbrel
