#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/json_rows.h"
#include "state/audit.h"

namespace whimbrel {
namespace {

using Json = nlohmann::ordered_json;

/// The migration that a person means by `name`; the audit also knows those whose file and entry are
/// gone.
Result<std::string> migration_of(Project& project, const std::string& name) {
  if (name.empty()) return std::string();
  History history = TRY(read_history(project));
  auto entry = history.resolve(name);
  if (entry) return (*entry)->name;
  if (TRY(Audit(project.client, project.database).knows(name))) return name;
  return std::move(entry).error();
}

Json row_of(const AuditEntry& entry) {
  return {{"at", iso_time(entry.at)},
          {"who", who_json(entry.who)},
          {"action", entry.action},
          {"migration", text_or_null(entry.migration)},
          {"run", text_or_null(entry.run)},
          {"sha256", text_or_null(entry.hash)},
          {"options", Json::parse(entry.options.view().to_relaxed_json())},
          {"outcome", text_or_null(entry.outcome)},
          {"message", text_or_null(entry.message)}};
}

std::string options_text(const mongo::Document& options) {
  std::vector<std::string> parts;
  Json given = Json::parse(options.view().to_relaxed_json());
  for (const auto& [name, value] : given.items()) {
    if (value.is_boolean()) parts.push_back(name);
    else if (value.is_string()) parts.push_back(name + " " + value.get<std::string>());
    else parts.push_back(name + " " + value.dump());
  }
  return join(parts, ", ");
}

/// A message of several lines becomes one.
std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
  return text;
}

void print_line(const AuditEntry& entry) {
  std::string action = entry.action;
  std::replace(action.begin(), action.end(), '.', ' ');
  std::vector<std::string> parts;
  for (std::string part :
       {entry.migration, options_text(entry.options), entry.outcome, one_line(entry.message)}) {
    if (!part.empty()) parts.push_back(std::move(part));
  }
  fmt::print("{}  {}@{} pid {}  {:<13}  {}\n", iso_time(entry.at), entry.who.user, entry.who.host,
             entry.who.pid, action, join(parts, "  "));
}

}  // namespace

Result<int> run_history(const Arguments& arguments) {
  Project project = TRY(open_project(arguments.sources));
  project.scripts->end_host();
  std::string name = arguments.words.empty() ? "" : arguments.words.front();
  std::string migration = TRY(migration_of(project, name));
  Audit audit(project.client, project.database);
  if (arguments.output == Output::kText) {
    bool any = false;
    TRY(audit.each(migration, [&](const AuditEntry& entry) -> Status {
      any = true;
      print_line(entry);
      return {};
    }));
    if (!any) fmt::print("nothing has been done here yet\n");
    return 0;
  }
  JsonRows rows(arguments.output, project.database, "history", "events");
  TRY(audit.each(migration, [&](const AuditEntry& entry) -> Status {
    rows.add(row_of(entry));
    return {};
  }));
  return 0;
}

}  // namespace whimbrel
