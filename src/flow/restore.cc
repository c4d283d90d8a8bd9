#include "flow/restore.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "backup/output.h"
#include "base/text.h"
#include "flow/audited.h"
#include "state/changelog.h"

namespace whimbrel {

using backup::Content;
using backup::LoadMode;

namespace {

constexpr int kWorkers = 4;

/// stdin as a file, gone when this is: it must be read twice.
class Spooled {
 public:
  static Result<Spooled> read_stdin() {
    std::error_code ignored;
    std::string path = std::filesystem::temp_directory_path(ignored) /
                       fmt::format("whimbrel-restore-{}.archive", mongo::new_object_id());
    Spooled spooled(path);
    backup::Output output = TRY(backup::Output::create(path));
    std::vector<uint8_t> part(1 << 20);
    while (true) {
      ssize_t got = ::read(STDIN_FILENO, part.data(), part.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return backup::cannot_write("reading", "stdin", errno);
      if (got == 0) break;
      TRY(output.write(std::span(part).first(static_cast<size_t>(got))));
    }
    TRY(output.finish());
    return spooled;
  }
  Spooled(Spooled&& other) noexcept : path_(std::exchange(other.path_, "")) {}
  Spooled& operator=(Spooled&&) = delete;
  ~Spooled() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  const std::string& path() const { return path_; }

 private:
  explicit Spooled(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

bool is_wanted(const RestoreRequest& request, const std::string& name) {
  const auto& only = request.only;
  return only.empty() || std::find(only.begin(), only.end(), name) != only.end();
}

Status check_only(const RestoreRequest& request, const Content& content) {
  for (const std::string& name : request.only) {
    bool there = std::any_of(content.collections.begin(), content.collections.end(),
                             [&](const auto& one) { return one.definition.name == name; });
    if (there) continue;
    std::vector<std::string> names;
    for (const auto& one : content.collections) names.push_back(one.definition.name);
    return Error{
        ErrorKind::kNotFound,
        fmt::format("the backup has no collection '{}'{}", name, did_you_mean(name, names)),
        "whimbrel restore PATH --dry-run shows what it has"};
  }
  return {};
}

/// What nobody may lose by going back: who did what, and what was found.
bool is_kept_always(const std::string& name) {
  return name == kAuditCollection || name == kEvidenceCollection;
}

LoadMode mode_of(const RestoreRequest& request, const Content& content, const std::string& name) {
  if (request.existing == Existing::kStays || is_kept_always(name)) return LoadMode::kAdd;
  const backup::ManifestCollection* said =
      content.manifest ? content.manifest->find(name) : nullptr;
  bool part = said && !said->where.empty();
  return part ? LoadMode::kPut : LoadMode::kReplace;
}

std::string_view to_text(LoadMode mode) {
  if (mode == LoadMode::kAdd) return "add";
  return mode == LoadMode::kPut ? "put" : "replace";
}

std::vector<backup::LoadItem> choose_items(const Project& project, const RestoreRequest& request,
                                           const Content& content) {
  std::vector<backup::LoadItem> items;
  for (size_t i = 0; i < content.collections.size(); ++i) {
    const std::string& name = content.collections[i].definition.name;
    // This command holds that lock itself.
    if (!is_wanted(request, name) || name == project.config.lock_collection) continue;
    if (name.starts_with(backup::kTemporaryPrefix)) continue;
    items.push_back({i, mode_of(request, content, name)});
  }
  return items;
}

AuditRecord record_of(const RestoreRequest& request, AuditAction action) {
  AuditRecord record;
  record.action = action;
  record.options.append("path", request.path);
  if (request.existing == Existing::kIsReplaced) record.options.append("drop", true);
  if (!request.only.empty()) record.options.append("only", join(request.only, ", "));
  return record;
}

Status load_audited(Project& project, const RestoreRequest& request,
                    const backup::LoadSetting& setting, std::vector<backup::LoadFigures>& figures) {
  TRY(write_audit(project, record_of(request, AuditAction::kRestoreStarted)));
  Status loaded = backup::load(setting, figures);
  AuditRecord record = record_of(request, AuditAction::kRestoreEnded);
  record.outcome = AuditOutcome::kDone;
  if (!loaded) record = failed_record(std::move(record), loaded.error());
  Status written = write_audit(project, std::move(record));
  if (!loaded) {
    return std::move(loaded).error().or_hint(
        "mend the cause and give the same command again: it ends with what the backup holds");
  }
  return written;  // by a majority, and so is everything before it
}

void note_migration(const Content& content, const std::vector<RestoredCollection>& collections,
                    const Project& project, std::vector<std::string>& notes) {
  if (!content.manifest || content.manifest->migration.empty()) return;
  for (const RestoredCollection& one : collections) {
    if (one.name == project.config.changelog_collection) return;
  }
  notes.push_back(
      fmt::format("the backup was made before {0}; if that was applied since, say that it no "
                  "longer is: whimbrel "
                  "resolve {0} --pending",
                  content.manifest->migration));
}

Restored planned(const Content& content, const std::vector<backup::LoadItem>& items) {
  Restored restored;
  restored.from_database = content.database;
  for (const backup::LoadItem& item : items) {
    restored.collections.push_back({content.collections[item.collection].definition.name,
                                    std::string(to_text(item.mode)),
                                    {}});
  }
  for (const std::string& name : content.passed_over) {
    restored.notes.push_back(name + " is no collection of this database and is left out");
  }
  return restored;
}

Status check_database(const Project& project, const Content& content, bool other_is_meant) {
  if (content.database == project.database || other_is_meant) return {};
  return Error{ErrorKind::kUsage,
               fmt::format("the backup is of the database '{}', and this project's is '{}'",
                           content.database, project.database),
               "add --to-db " + project.database + " if it is meant to go there"};
}

Result<Restored> restore_content(Project& project, const RestoreRequest& request,
                                 const Content& content, Progress& progress, Reporter& reporter,
                                 Stop& stop) {
  TRY(check_only(request, content));
  auto items = choose_items(project, request, content);
  Restored restored = planned(content, items);
  restored.checked = TRY(backup::check_content(content));
  if (request.dry_run) return restored;
  Lock lock = TRY(acquire_lock(project, "restore", request.lock_wait, reporter, stop));
  progress.reset();
  progress.total = restored.checked.documents;
  backup::LoadSetting setting{project.client,
                              project.database,
                              content,
                              std::move(items),
                              request.workers > 0 ? request.workers : kWorkers,
                              request.preserve_uuids,
                              stop,
                              progress,
                              [&](const std::string& text) { reporter.say("warning", text); }};
  std::vector<backup::LoadFigures> figures;
  TRY(load_audited(project, request, setting, figures));
  for (size_t i = 0; i < figures.size(); ++i) restored.collections[i].figures = figures[i];
  note_migration(content, restored.collections, project, restored.notes);
  TRY(lock.release());
  return restored;
}

}  // namespace

Result<Restored> restore(Project& project, const RestoreRequest& request, Progress& progress,
                         Reporter& reporter, Stop& stop) {
  auto started = std::chrono::steady_clock::now();
  std::optional<Spooled> spooled;
  if (request.path == "-") spooled.emplace(TRY(Spooled::read_stdin()));
  Content content =
      TRY(backup::open_content(spooled ? spooled->path() : request.path, request.source_database));
  TRY(check_database(project, content, request.to_other_database));
  Restored restored = TRY(restore_content(project, request, content, progress, reporter, stop));
  restored.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  return restored;
}

}  // namespace whimbrel
