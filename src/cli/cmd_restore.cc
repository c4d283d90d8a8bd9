#include <fmt/format.h>

#include <iostream>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/json_rows.h"
#include "flow/restore.h"

namespace whimbrel {
namespace {

using Json = nlohmann::ordered_json;

Result<RestoreRequest> request_of(const Arguments& arguments) {
  std::vector<std::string> paths = arguments.words;
  if (!arguments.backup.archive.empty()) paths.push_back(arguments.backup.archive);
  if (paths.size() != 1) {
    return Error{ErrorKind::kUsage,
                 paths.empty() ? "restore needs the folder or archive to restore"
                               : "restore takes one folder or archive",
                 "whimbrel backup list, then: whimbrel restore PATH"};
  }
  RestoreRequest request;
  request.path = paths.front();
  if (arguments.backup.drop) request.existing = Existing::kIsReplaced;
  request.only = arguments.backup.only;
  request.dry_run = arguments.dry_run;
  request.preserve_uuids = arguments.backup.preserve_uuids;
  request.workers = arguments.overrides.workers.value_or(0);
  request.lock_wait = arguments.wait;
  request.to_other_database = !arguments.backup.to_database.empty();
  return request;
}

/// --drop is asked about as in a protected environment.
Status confirm(const Arguments& arguments, const Project& project, const RestoreRequest& request) {
  if (request.dry_run) return {};
  if (request.existing == Existing::kStays) {
    return require_confirmation(project.config, project.database,
                                ask_confirmation(arguments, project.config, project.database));
  }
  std::string confirmed = arguments.confirm;
  bool from_stdin = request.path == "-";
  if (confirmed.empty() && can_ask(arguments) && !from_stdin) {
    fmt::print(stderr,
               "--drop replaces collections of {0}. Type the database name ({0}) to go on: ",
               project.database);
    std::getline(std::cin, confirmed);
  }
  if (confirmed == project.database) return {};
  std::string wrong = confirmed.empty() ? "" : fmt::format(", not '{}'", confirmed);
  return Error{ErrorKind::kUsage,
               fmt::format("--drop replaces collections: the name of their database, '{}', must be "
                           "confirmed{}",
                           project.database, wrong),
               "add --confirm " + project.database};
}

Json row_of(const RestoredCollection& one) {
  return {{"name", one.name},
          {"how", one.how},
          {"inserted", one.figures.inserted},
          {"duplicates", one.figures.duplicates},
          {"indexes", one.figures.indexes}};
}

void print_json(const Arguments& arguments, const Project& project, const Restored& restored) {
  Json collections = Json::array();
  for (const RestoredCollection& one : restored.collections) collections.push_back(row_of(one));
  Json json = {{"schema", 1},
               {"type", "restore"},
               {"database", project.database},
               {"from", restored.from_database},
               {"dryRun", arguments.dry_run},
               {"documents", restored.checked.documents},
               {"checksums", restored.checked.has_checksums},
               {"collections", std::move(collections)},
               {"notes", restored.notes},
               {"seconds", restored.seconds}};
  fmt::print("{}\n", JsonRows::text(json));
}

std::string_view plan_text(const std::string& how) {
  if (how == "replace") return "would be replaced";
  if (how == "put") return "would get its documents back; others stay";
  return "would get what is missing";
}

void print_text(const Arguments& arguments, const Restored& restored) {
  for (const std::string& note : restored.notes) fmt::print(stderr, "note: {}\n", note);
  for (const RestoredCollection& one : restored.collections) {
    if (arguments.dry_run) {
      fmt::print("{}  {}\n", one.name, plan_text(one.how));
      continue;
    }
    std::string there = one.figures.duplicates == 0
                            ? ""
                            : fmt::format(", {} were there already and stay as they are",
                                          with_commas(one.figures.duplicates));
    fmt::print("{}  {} documents restored{}\n", one.name, with_commas(one.figures.inserted), there);
  }
  fmt::print("{} {} documents of {} collections{}\n",
             arguments.dry_run ? "checked; nothing was written:" : "restored from",
             with_commas(restored.checked.documents), restored.collections.size(),
             arguments.dry_run ? "" : " in " + duration_text(restored.seconds));
}

}  // namespace

Result<int> run_restore(const Arguments& arguments) {
  RestoreRequest request = TRY(request_of(arguments));
  Project project = TRY(open_project(arguments.sources));
  project.scripts->end_host();
  request.source_database = project.database;
  if (request.to_other_database) project.database = arguments.backup.to_database;
  TRY(confirm(arguments, project, request));
  auto reporter = TRY(open_quiet_reporter(arguments, "restore"));
  Progress progress;
  reporter->step_started(project.database, "restore", progress);
  auto restored = restore(project, request, progress, *reporter, process_stop());
  reporter->step_ended();
  if (!restored) return std::move(restored).error();
  if (arguments.output == Output::kText) print_text(arguments, *restored);
  else print_json(arguments, project, *restored);
  return 0;
}

}  // namespace whimbrel
