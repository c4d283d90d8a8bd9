#include "flow/backup.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "backup/dump.h"
#include "backup/load.h"
#include "backup/output.h"
#include "base/text.h"
#include "flow/audited.h"
#include "flow/evidence.h"
#include "flow/history.h"

namespace whimbrel {

using mongo::Document;
using mongo::make_document;

namespace {

namespace fs = std::filesystem;

int workers_of(const BackupRequest& request) {
  constexpr int kMost = 4;
  if (request.workers > 0) return request.workers;
  return std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 2, kMost);
}

/// A lock that is restored would be nobody's, and a temporary collection is no one's either.
Result<std::vector<backup::CatalogItem>> catalog_of(Project& project,
                                                    const BackupRequest& request) {
  backup::CatalogRequest wanted{request.wanted, request.missing_is_error, {}};
  wanted.leave_out = {project.config.lock_collection};
  auto items = TRY(backup::read_catalog(project.client, project.database, wanted));
  std::erase_if(items, [](const backup::CatalogItem& item) {
    return item.definition.name.starts_with(backup::kTemporaryPrefix);
  });
  return items;
}

/// A new name in the folder of backups, by the server's time.
std::string default_path(const Project& project) {
  std::string name =
      fmt::format("{}-{}", file_stamp(project.client.server_time()), project.database);
  fs::path path = fs::path(project.config.backup.directory) / name;
  std::error_code ignored;
  for (int number = 2; fs::exists(path, ignored); ++number) {
    path = fs::path(project.config.backup.directory) / fmt::format("{}-{}", name, number);
  }
  return path.lexically_normal();
}

backup::Manifest new_manifest(const Project& project, const BackupRequest& request) {
  backup::Manifest manifest;
  manifest.database = project.database;
  auto kind = request.place.kind;
  manifest.archive = kind == BackupPlace::Kind::kArchive || kind == BackupPlace::Kind::kStdout;
  manifest.gzip = request.place.gzip;
  manifest.started_at = project.client.server_time();
  manifest.server_version = project.client.server().version;
  manifest.topology = project.client.server().topology_text();
  manifest.program = WHIMBREL_VERSION;
  manifest.environment = project.config.environment;
  if (!request.before.empty()) {
    manifest.migration = request.before.front()->file;
    manifest.migration_hash = request.before.front()->hash;
  }
  return manifest;
}

/// One backup that is being made.
class Backup {
 public:
  Backup(Project& project, const BackupRequest& request, Progress& progress, const Stop& stop)
      : project_(project),
        request_(request),
        progress_(progress),
        stop_(stop),
        manifest_(new_manifest(project, request)) {}

  Result<BackupMade> make() {
    auto started = std::chrono::steady_clock::now();
    catalog_ = TRY(catalog_of(project_, request_));
    at_ = TRY(backup::read_cluster_time(project_.client));
    std::string path = TRY(write());
    BackupMade made{path, std::move(manifest_), 0, std::move(notes_)};
    made.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    return made;
  }

 private:
  Result<std::string> write() {
    switch (request_.place.kind) {
      case BackupPlace::Kind::kDefault:
        return write_folder(default_path(project_));
      case BackupPlace::Kind::kFolder:
        return write_folder(without_slash(request_.place.path));
      case BackupPlace::Kind::kArchive:
        return write_archive(request_.place.path);
      case BackupPlace::Kind::kStdout:
        break;
    }
    backup::Output output = backup::Output::standard();
    TRY(write_stream(output));
    return std::string();
  }

  static std::string without_slash(std::string path) {
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
    return path;
  }

  backup::Compression compression() const {
    return request_.place.gzip ? backup::Compression::kGzip : backup::Compression::kNone;
  }

  Result<std::string> write_folder(const std::string& path) {
    backup::Partial partial = TRY(backup::Partial::folder(path));
    auto sink = TRY(backup::DirectorySink::create(
        partial.path(), project_.database, manifest_.server_version, catalog_, compression()));
    TRY(fill(*sink));
    TRY(backup::write_new_file(partial.path() + "/" + std::string(backup::kManifestName),
                               backup::manifest_json(manifest_)));
    TRY(backup::sync_directory(partial.path()));
    TRY(partial.complete());
    return path;
  }

  Result<std::string> write_archive(const std::string& path) {
    std::error_code ignored;
    if (fs::exists(path, ignored) && !fs::is_regular_file(path, ignored)) {
      backup::Output output = TRY(backup::Output::open_special(path));
      TRY(write_stream(output));
      return std::string();
    }
    backup::Partial partial = TRY(backup::Partial::file(path));
    backup::Output output = TRY(backup::Output::create(partial.path()));
    output.lock();
    TRY(write_stream(output));
    // The manifest first: where the archive has its name, there is its manifest, too.
    std::string manifest = path + std::string(backup::kSidecarSuffix);
    manifest_.files.front().path = fs::path(path).filename();
    fs::remove(manifest, ignored);
    TRY(backup::write_new_file(manifest, backup::manifest_json(manifest_)));
    Status completed = partial.complete();
    if (!completed) fs::remove(manifest, ignored);
    TRY(std::move(completed));
    return path;
  }

  Status write_stream(backup::Output& output) {
    auto sink = TRY(backup::ArchiveSink::create(output, project_.database, manifest_.server_version,
                                                catalog_, compression()));
    return fill(*sink);
  }

  Status fill(backup::Sink& sink) {
    backup::DumpFigures figures(catalog_.size());
    progress_.reset();
    for (const backup::CatalogItem& item : catalog_) {
      progress_.total += item.average_bytes > 0 ? item.bytes / item.average_bytes : 0;
    }
    backup::DumpSetting setting{
        project_.client, project_.database, catalog_, at_, workers_of(request_), sink,
        stop_,           progress_};
    TRY(backup::dump(setting, figures));
    TRY(backup::check_catalog_unchanged(project_.client, project_.database, catalog_));
    TRY(sink.finish(manifest_));
    complete_manifest(figures);
    return {};
  }

  void complete_manifest(const backup::DumpFigures& figures) {
    manifest_.finished_at = project_.client.server_time();
    manifest_.consistency = at_ ? "snapshot" : "none";
    if (at_) {
      manifest_.cluster_seconds = at_->seconds;
      manifest_.cluster_increment = at_->increment;
    }
    for (size_t i = 0; i < catalog_.size(); ++i) {
      const backup::CatalogItem& item = catalog_[i];
      bool is_filtered = !item.where.view().empty();
      bool view = item.definition.is_view();
      bool consistent =
          at_ && (view || backup::reads_at_cluster_time(project_.client.server(), item));
      manifest_.collections.push_back({item.definition.name, item.definition.type,
                                       figures[i].documents, figures[i].bytes,
                                       is_filtered ? item.where.view().to_json() : "", consistent});
      if (!at_ || consistent) continue;
      notes_.push_back(fmt::format(
          "{} is a capped collection: this server cannot read it at the moment of the others",
          item.definition.name));
    }
    if (at_) return;
    notes_.push_back(
        "a standalone server has no moment that all collections could be read at: what was written "
        "meanwhile may be in it in part");
  }

  Project& project_;
  const BackupRequest& request_;
  Progress& progress_;
  const Stop& stop_;
  backup::Manifest manifest_;
  std::vector<backup::CatalogItem> catalog_;
  std::optional<backup::ClusterTime> at_;
  std::vector<std::string> notes_;
};

Document audited(const BackupRequest& request, const BackupMade* made) {
  Document options;
  if (request.wanted && request.before.empty()) {
    std::vector<std::string> names;
    for (const backup::Wanted& one : *request.wanted) names.push_back(one.collection);
    options.append("only", join(names, ", "));
  }
  if (request.place.gzip) options.append("gzip", true);
  if (request.place.kind == BackupPlace::Kind::kStdout) options.append("archive", "-");
  if (!made) return options;
  if (!made->path.empty()) options.append("path", made->path);
  return options.append("documents", made->manifest.documents());
}

/// A user who may only read can make backups, too: that it was not written down is said.
void keep_in_audit(Project& project, const BackupRequest& request, Result<BackupMade>& made) {
  AuditRecord record;
  record.action = AuditAction::kBackup;
  record.options = audited(request, made ? &*made : nullptr);
  record.outcome = AuditOutcome::kDone;
  if (!request.before.empty()) {
    record.migration = request.before.front()->file;
    record.hash = request.before.front()->hash;
  }
  if (!made) record = failed_record(std::move(record), made.error());
  Status kept = write_audit(project, std::move(record));
  if (!kept && made) made->notes.push_back("it was not kept in the audit: " + kept.error().message);
}

Status keep_evidence_for(Project& project, const BackupMade& made, const std::string& file,
                         const std::string& hash) {
  EvidenceRecord record = new_evidence(project, kBackupEvidence, 0);
  record.migration = file;
  record.hash = hash;
  record.figures = make_document("path", made.path, "documents", made.manifest.documents(), "bytes",
                                 made.manifest.bytes(), "consistency", made.manifest.consistency);
  return Evidence(project.client, project.database).add(record);
}

Status keep_as_evidence(Project& project, const BackupRequest& request, const BackupMade& made) {
  if (made.path.empty()) return {};
  for (const Migration* migration : request.before) {
    TRY(keep_evidence_for(project, made, migration->file, migration->hash));
  }
  if (request.wanted || !request.before.empty()) return {};
  History history = TRY(read_history(project));
  for (const Entry& entry : history.entries) {
    if (!entry.wants_up() || !entry.file) continue;
    TRY(keep_evidence_for(project, made, entry.name, entry.file->hash));
  }
  return {};
}

}  // namespace

std::optional<std::vector<backup::Wanted>> wanted_collections(
    const std::vector<std::string>& only) {
  if (only.empty()) return std::nullopt;
  std::vector<backup::Wanted> wanted;
  for (const std::string& name : only) {
    bool known = std::any_of(wanted.begin(), wanted.end(),
                             [&](const backup::Wanted& one) { return one.collection == name; });
    if (!known) wanted.push_back({name, Document()});
  }
  return wanted;
}

Result<Migration> pending_migration(Project& project, const std::string& name) {
  History history = TRY(read_history(project));
  const Entry* entry = TRY(history.resolve(name));
  if (!entry->file) {
    return Error{ErrorKind::kNotFound, entry->name + ": the file is missing", "whimbrel status"};
  }
  if (!entry->wants_up()) {
    return Error{ErrorKind::kFailed,
                 entry->name + " is applied already: nothing to back up before it",
                 "whimbrel backup takes the database as it is now"};
  }
  return load_any(*project.scripts, *entry->file);
}

Result<BackupMade> make_backup(Project& project, const BackupRequest& request, Progress& progress,
                               const Stop& stop) {
  Result<BackupMade> made = Backup(project, request, progress, stop).make();
  keep_in_audit(project, request, made);
  if (!made) return made;
  note_unless_kept(keep_as_evidence(project, request, *made), made->notes);
  return made;
}

std::string summary_of(const backup::Manifest& manifest) {
  return fmt::format("{} collection{}, {} document{}",
                     with_commas(static_cast<int64_t>(manifest.collections.size())),
                     manifest.collections.size() == 1 ? "" : "s", with_commas(manifest.documents()),
                     manifest.documents() == 1 ? "" : "s");
}

}  // namespace whimbrel
