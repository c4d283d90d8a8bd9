#include <fmt/format.h>

#include <algorithm>

#include "backup/content.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/json_rows.h"
#include "flow/backup.h"
#include "flow/backup_scope.h"

namespace whimbrel {
namespace {

using Json = nlohmann::ordered_json;

Error usage(std::string message, std::string hint) {
  return Error{ErrorKind::kUsage, std::move(message), std::move(hint)};
}

Json collection_json(const backup::ManifestCollection& collection) {
  return {{"name", collection.name},
          {"type", text_or_null(collection.type)},
          {"documents", collection.documents},
          {"bytes", collection.bytes},
          {"where", collection.where.empty() ? Json(nullptr) : Json::parse(collection.where)},
          {"consistent", collection.consistent}};
}

Json row_json(const backup::Manifest& manifest) {
  Json collections = Json::array();
  for (const auto& one : manifest.collections) collections.push_back(collection_json(one));
  return {{"database", manifest.database},
          {"format", manifest.archive ? "archive" : "directory"},
          {"gzip", manifest.gzip},
          {"startedAt", iso_time(manifest.started_at)},
          {"finishedAt", iso_time(manifest.finished_at)},
          {"consistency", manifest.consistency},
          {"migration", text_or_null(manifest.migration)},
          {"documents", manifest.documents()},
          {"bytes", manifest.bytes()},
          {"collections", std::move(collections)}};
}

Result<BackupPlace> place_of(const Arguments& arguments) {
  const std::string& archive = arguments.backup.archive;
  BackupPlace place;
  place.gzip = arguments.backup.gzip;
  if (!archive.empty() && !arguments.out_file.empty()) {
    return usage("--archive and --out both say where the backup goes", "give one of them");
  }
  if (!arguments.out_file.empty()) {
    place.kind = BackupPlace::Kind::kFolder;
    place.path = arguments.out_file;
  } else if (!archive.empty()) {
    place.kind = archive == "-" ? BackupPlace::Kind::kStdout : BackupPlace::Kind::kArchive;
    place.path = archive;
  }
  return place;
}

/// `migration` is filled in and outlives the request.
Result<BackupRequest> request_of(const Arguments& arguments, Project& project,
                                 std::optional<Migration>& migration) {
  BackupRequest request;
  request.place = TRY(place_of(arguments));
  request.workers = arguments.overrides.workers.value_or(0);
  request.wanted = wanted_collections(arguments.backup.only);
  if (arguments.backup.migration.empty()) return request;
  if (request.wanted) {
    return usage("--only and --for both say what is backed up", "give one of them");
  }
  migration = TRY(pending_migration(project, arguments.backup.migration));
  request.before = {&*migration};
  request.wanted = TRY(touched_by(request.before));
  request.missing_is_error = false;
  return request;
}

void print_made(const Arguments& arguments, const BackupMade& made) {
  if (arguments.output != Output::kText && !made.path.empty()) {
    Json json = row_json(made.manifest);
    json["path"] = made.path;
    json["seconds"] = made.seconds;
    Json all = {{"schema", 1}, {"type", "backup"}};
    all.update(json);
    fmt::print("{}\n", JsonRows::text(all));
  }
  // stdout may be the archive.
  for (const std::string& note : made.notes) fmt::print(stderr, "note: {}\n", note);
  std::string said =
      fmt::format("backed up {} in {}{}{}", summary_of(made.manifest), duration_text(made.seconds),
                  made.manifest.consistency == "snapshot" ? ", all of one moment" : "",
                  made.path.empty() ? "" : ": " + made.path);
  bool to_stdout = arguments.output == Output::kText && !made.path.empty();
  if (to_stdout) fmt::print("{}\n", said);
  else if (!arguments.quiet) fmt::print(stderr, "{}\n", said);
}

Result<int> make(const Arguments& arguments) {
  Project project = TRY(open_project(arguments.sources));
  std::optional<Migration> migration;
  BackupRequest request = TRY(request_of(arguments, project, migration));
  project.scripts->end_host();
  project.client.ride_out(std::chrono::seconds(20), {});
  auto reporter = TRY(open_quiet_reporter(arguments, "backup"));
  Progress progress;
  reporter->step_started(project.database, "backup", progress);
  auto made = make_backup(project, request, progress, process_stop());
  reporter->step_ended();
  if (!made) return std::move(made).error();
  print_made(arguments, *made);
  return 0;
}

std::string row_text(const backup::StoredBackup& stored) {
  if (!stored.complete) {
    return fmt::format("{:<24}  {}  {}", "-", stored.in_use ? "being written" : "left over",
                       stored.path);
  }
  if (!stored.manifest) return fmt::format("{:<24}  damaged  {}", "-", stored.problem);
  const backup::Manifest& manifest = *stored.manifest;
  std::string made_for = manifest.migration.empty() ? "" : "  before " + manifest.migration;
  return fmt::format("{}  {:<8}  {}  {}  {}{}", iso_time(manifest.finished_at),
                     manifest.consistency == "snapshot" ? "snapshot" : "-",
                     bytes_text(manifest.bytes()), summary_of(manifest), stored.path, made_for);
}

Result<int> list(const Arguments& arguments) {
  Scripts scripts(project_directory(arguments.sources), Scripts::Output::kCaptured);
  Config config = TRY(read_project_config(arguments.sources, scripts));
  auto stored = TRY(backup::list_backups(config.backup.directory));
  if (arguments.output == Output::kText) {
    for (const backup::StoredBackup& one : stored) fmt::print("{}\n", row_text(one));
    if (stored.empty()) fmt::print("no backups in {}\n", config.backup.directory);
    return 0;
  }
  JsonRows rows(arguments.output, config.database, "backups", "backups");
  for (const backup::StoredBackup& one : stored) {
    Json row = one.manifest ? row_json(*one.manifest) : Json::object();
    row["path"] = one.path;
    row["state"] = one.complete ? (one.manifest ? "complete" : "damaged")
                                : (one.in_use ? "being written" : "left over");
    rows.add(row);
  }
  return 0;
}

Result<int> verify(const Arguments& arguments) {
  if (arguments.words.size() != 2) {
    return usage("backup verify needs the folder or archive", "whimbrel backup verify PATH");
  }
  auto content = TRY(backup::open_content(arguments.words[1], arguments.sources.database));
  auto checked = TRY(backup::check_content(content));
  if (arguments.output == Output::kText) {
    fmt::print("{}: {} collections, {} documents, {} are whole{}\n", content.path,
               with_commas(static_cast<int64_t>(content.collections.size())),
               with_commas(checked.documents), bytes_text(checked.bytes),
               checked.has_checksums ? ", by the checksums of the manifest, too"
                                     : "; there is no manifest with checksums");
    return 0;
  }
  Json json = {{"schema", 1},
               {"type", "backup.verified"},
               {"path", content.path},
               {"database", content.database},
               {"collections", content.collections.size()},
               {"documents", checked.documents},
               {"bytes", checked.bytes},
               {"checksums", checked.has_checksums}};
  fmt::print("{}\n", JsonRows::text(json));
  return 0;
}

Result<int> prune(const Arguments& arguments) {
  if (arguments.backup.keep.empty()) {
    return usage("backup prune needs --keep: how long backups stay",
                 "whimbrel backup prune --keep 30d");
  }
  auto keep = parse_duration(arguments.backup.keep);
  if (!keep) return usage("--keep: " + keep.error().message, "whimbrel backup prune --keep 30d");
  Project project = TRY(open_project(arguments.sources));
  auto removed = TRY(backup::prune_backups(project.config.backup.directory, project.database,
                                           project.client.server_time(), *keep, arguments.dry_run));
  if (arguments.output == Output::kText) {
    for (const std::string& path : removed) {
      fmt::print("{} {}\n", arguments.dry_run ? "would remove" : "removed", path);
    }
    if (removed.empty()) fmt::print("nothing to remove\n");
    return 0;
  }
  Json json = {{"schema", 1},
               {"type", "backup.pruned"},
               {"dryRun", arguments.dry_run},
               {"removed", removed}};
  fmt::print("{}\n", JsonRows::text(json));
  return 0;
}

}  // namespace

Result<int> run_backup(const Arguments& arguments) {
  std::string action = arguments.words.empty() ? "" : arguments.words.front();
  if (action.empty()) return make(arguments);
  if (action == "list") return list(arguments);
  if (action == "verify") return verify(arguments);
  if (action == "prune") return prune(arguments);
  static const std::vector<std::string> kActions = {"list", "verify", "prune"};
  return usage(fmt::format("backup knows no '{}'{}", action, did_you_mean(action, kActions)),
               "whimbrel help backup");
}

}  // namespace whimbrel
