#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/commands.h"
#include "flow/doubt.h"

namespace whimbrel {
namespace {

using Json = nlohmann::ordered_json;

Counts counts_of(const Entry& entry) {
  return entry.run ? entry.run->counts() : Counts{};
}

int64_t total_of(const Entry& entry) {
  return entry.run ? entry.run->total() : 0;
}

Json lock_json(const std::optional<LockHolder>& lock) {
  if (!lock) return nullptr;
  Json json{{"tool", lock->is_foreign ? "migrate-mongo" : "whimbrel"},
            {"since", iso_time(lock->since)}};
  if (lock->is_foreign) return json;
  json["host"] = lock->process.host;
  json["user"] = lock->process.user;
  json["pid"] = lock->process.pid;
  json["command"] = lock->command;
  json["heartbeat"] = iso_time(lock->heartbeat);
  json["expired"] = lock->expired;
  return json;
}

Json entry_json(const Entry& entry) {
  Counts counts = counts_of(entry);
  int64_t done = entry.run ? counts.scanned : entry.applied ? entry.applied->documents : 0;
  Json json{{"file", entry.name}, {"kind", entry.kind()}, {"state", to_text(entry.state)}};
  json["appliedAt"] = entry.applied ? Json(iso_time(entry.applied->applied_at)) : Json(nullptr);
  json["block"] = entry.applied && entry.applied->block > 0
                      ? Json(static_cast<int64_t>(entry.applied->block))
                      : Json(nullptr);
  json["documents"] = {{"total", std::max(total_of(entry), done)},
                       {"done", done},
                       {"modified", counts.modified},
                       {"unchanged", counts.unchanged},
                       {"quarantined", counts.quarantined}};
  json["journalBytes"] = entry.run && !entry.run->journal_removed ? counts.journal_bytes : 0;
  if (entry.run && !entry.run->message.empty() && entry.run->is_open())
    json["message"] = entry.run->message;
  if (auto interruption = interruption_of(entry)) {
    if (!json.contains("message")) json["message"] = interruption->message;
    json["next"] = interruption->hint;
  }
  return json;
}

void print_json(const Project& project, const History& history) {
  const mongo::Server& server = project.client.server();
  Json json{{"schema", 1}, {"database", project.database}};
  json["server"] = {{"version", server.version}, {"topology", server.topology_text()}};
  json["environment"] =
      project.config.environment.empty() ? Json(nullptr) : Json(project.config.environment);
  json["lock"] = lock_json(history.lock);
  json["migrations"] = Json::array();
  for (const Entry& entry : history.entries) json["migrations"].push_back(entry_json(entry));
  fmt::print("{}\n", json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

std::string progress_of(const Entry& entry) {
  Counts counts = counts_of(entry);
  if (entry.applied && !entry.run) return with_commas(entry.applied->documents);
  if (!entry.run || entry.run->steps.empty()) return "";
  std::string documents = with_commas(counts.scanned);
  int64_t total = total_of(entry);
  if (entry.run->is_open() && total > 0) {
    documents +=
        fmt::format(" of {} ({:.0f} %)", with_commas(total),
                    100.0 * static_cast<double>(counts.scanned) / static_cast<double>(total));
  }
  if (counts.quarantined > 0)
    documents += fmt::format(", {} quarantined", with_commas(counts.quarantined));
  return documents;
}

std::string journal_of(const Entry& entry) {
  int64_t bytes = counts_of(entry).journal_bytes;
  if (bytes == 0 || !entry.run) return "";
  return entry.run->journal_removed ? "removed" : bytes_text(bytes);
}

std::vector<std::string> row_of(const Entry& entry) {
  return {entry.name,
          entry.kind(),
          std::string(to_text(entry.state)),
          entry.applied ? iso_time(entry.applied->applied_at) : "",
          progress_of(entry),
          journal_of(entry)};
}

void print_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) line += fmt::format("{:<{}}  ", row[i], widths[i]);
    fmt::print("{}\n", line.substr(0, line.find_last_not_of(' ') + 1));
  }
}

std::string summary_of(const History& history) {
  constexpr MigrationState kOrder[] = {MigrationState::kApplied,     MigrationState::kRunning,
                                       MigrationState::kInterrupted, MigrationState::kFailed,
                                       MigrationState::kChanged,     MigrationState::kMissing,
                                       MigrationState::kPending};
  std::vector<std::string> parts;
  for (MigrationState state : kOrder) {
    auto count = std::count_if(history.entries.begin(), history.entries.end(),
                               [&](const Entry& entry) { return entry.state == state; });
    if (count > 0) parts.push_back(fmt::format("{} {}", count, to_text(state)));
  }
  return parts.empty() ? "no migrations yet" : join(parts, ", ");
}

void print_text(const Project& project, const History& history) {
  const mongo::Server& server = project.client.server();
  std::string environment =
      project.config.environment.empty() ? "" : ", environment " + project.config.environment;
  fmt::print("{} on MongoDB {} ({}){}, lock {}\n", project.database, server.version,
             server.topology_text(), environment,
             history.lock ? "held by " + history.lock->text() : "free");
  std::vector<std::vector<std::string>> rows = {
      {"MIGRATION", "KIND", "STATE", "APPLIED (UTC)", "DOCUMENTS", "JOURNAL"}};
  for (const Entry& entry : history.entries) rows.push_back(row_of(entry));
  if (rows.size() > 1) print_table(rows);
  fmt::print("{}\n", summary_of(history));
  for (const Entry& entry : history.entries) {
    bool failed = entry.state == MigrationState::kFailed && !entry.run->message.empty();
    if (failed) fmt::print("{}: {}\n", entry.name, entry.run->message);
    if (auto interruption = interruption_of(entry)) fmt::print("{}\n", interruption->message);
  }
}

/// `up` stops at the first that waits for an answer, or goes on with it.
std::string next_step(const History& history) {
  for (const Entry& entry : history.entries) {
    if (auto interruption = interruption_of(entry)) return interruption->hint;
  }
  return "whimbrel plan";
}

/// Every pending file is loaded, so that a bad one is known before `up` meets it.
Status check_pending(const History& history) {
  std::optional<Error> problems;
  for (const Entry& entry : history.entries) {
    bool declarative = entry.file && entry.file->is_declarative();
    if (!entry.wants_up() || !declarative) continue;
    auto loaded = load_file(*entry.file);
    if (loaded) continue;
    if (!problems) problems = loaded.error();
    else problems->message += "\n" + loaded.error().message;
  }
  if (problems) return *problems;
  return {};
}

}  // namespace

Result<int> run_status(const Arguments& arguments) {
  Project project = TRY(open_project(arguments.sources));
  project.scripts->end_host();
  History history = TRY(read_history(project));
  if (arguments.output == Output::kText) print_text(project, history);
  else print_json(project, history);
  TRY(check_pending(history));
  bool pending = std::any_of(history.entries.begin(), history.entries.end(),
                             [](const Entry& entry) { return entry.wants_up(); });
  if (pending && arguments.output == Output::kText && !arguments.quiet)
    fmt::print(stderr, "Next: {}\n", next_step(history));
  return pending && arguments.exit_code ? 2 : 0;
}

}  // namespace whimbrel
