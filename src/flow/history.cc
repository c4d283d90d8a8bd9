#include "flow/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <future>
#include <map>

#include "base/text.h"
#include "flow/open_run.h"

namespace whimbrel {
namespace {

namespace fs = std::filesystem;

MigrationState state_of(const Entry& entry, const std::optional<LockHolder>& lock) {
  if (!entry.file) return MigrationState::kMissing;
  bool undoing = entry.run && entry.run->state == RunState::kUndoing;
  if (entry.applied && !undoing) {
    const std::string& hash = entry.applied->hash;
    bool changed = !hash.empty() && hash != entry.file->hash;
    return changed ? MigrationState::kChanged : MigrationState::kApplied;
  }
  if (!entry.run || !entry.run->is_open()) return MigrationState::kPending;
  if (is_at_work(*entry.run, lock)) return MigrationState::kRunning;
  return entry.run->state == RunState::kFailed ? MigrationState::kFailed
                                               : MigrationState::kInterrupted;
}

/// Another tool may have finished, undone or repeated what a script's run began; then the run says
/// nothing about the present.
bool is_present(const Run& run, const std::optional<ChangelogEntry>& applied) {
  if (!is_script_run(run)) return true;
  return applied ? applied->run == run.id : run.state != RunState::kUndoing;
}

/// The last run of each file; an undone one says nothing about the present.
std::map<std::string, Run> present_runs(std::vector<Run> runs) {
  std::map<std::string, Run> present;
  for (Run& run : runs) {
    std::string file = run.file;
    if (run.state == RunState::kUndone) present.erase(file);
    else present.insert_or_assign(file, std::move(run));
  }
  return present;
}

}  // namespace

std::string_view to_text(MigrationState state) {
  constexpr std::array<std::string_view, 7> kNames = {
      "pending", "running", "applied", "interrupted", "failed", "changed", "missing"};
  return kNames[static_cast<size_t>(state)];
}

bool Entry::wants_up() const {
  return state == MigrationState::kPending || state == MigrationState::kInterrupted ||
         state == MigrationState::kFailed || state == MigrationState::kRunning;
}

std::string Entry::kind() const {
  return file ? file->kind : kind_of_migration(name, "");
}

Result<History> read_history(Project& project) {
  History history;
  auto files = std::async(std::launch::async, list_files, std::cref(project.config));
  history.lock = TRY(read_lock(project.client, project.lock_place()));
  std::map<std::string, Entry> entries;
  for (MigrationFile& file : TRY(files.get())) {
    std::string name = file.name;
    entries[name].file = std::move(file);
  }
  Changelog changelog(project.client, project.database, project.config.changelog_collection);
  for (ChangelogEntry& applied : TRY(changelog.read())) entries[applied.file].applied = applied;
  auto runs = TRY(Runs(project.client, project.database).read());
  for (auto& [file, run] : present_runs(std::move(runs))) {
    bool known = entries.contains(file);
    if (!known && !run.is_open()) continue;
    if (known && !is_present(run, entries[file].applied)) continue;
    TRY(count_open_steps(project.client, project.database, run));
    entries[file].run = std::move(run);
  }
  for (auto& [name, entry] : entries) {
    entry.name = name;
    entry.state = state_of(entry, history.lock);
    history.entries.push_back(std::move(entry));
  }
  return history;
}

const Entry* History::find(const std::string& name) const {
  for (const Entry& entry : entries) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

Result<const Entry*> History::resolve(const std::string& name) const {
  if (const Entry* exact = find(name)) return exact;
  std::vector<const Entry*> found;
  std::vector<std::string> names;
  for (const Entry& entry : entries) {
    std::string stem = fs::path(entry.name).stem();
    names.push_back(entry.name);
    if (stem == name) return &entry;
    if (entry.name.find(name) != std::string::npos) found.push_back(&entry);
  }
  if (found.size() == 1 && !name.empty()) return found.front();
  if (found.size() > 1) {
    return Error{ErrorKind::kNotFound,
                 fmt::format("'{}' could be any of {} migrations, for example {} and {}", name,
                             found.size(), found[0]->name, found[1]->name),
                 "give the whole file name: whimbrel status"};
  }
  std::string near = did_you_mean(name, names);
  // Nobody remembers the time stamp: compare with the descriptions, too.
  for (const Entry& entry : entries) {
    size_t dash = entry.name.find('-');
    std::string description = fs::path(entry.name.substr(dash + 1)).stem();
    if (near.empty() && dash != std::string::npos &&
        !nearest(name, std::vector{description}).empty()) {
      near = fmt::format(" (did you mean '{}'?)", entry.name);
    }
  }
  return Error{ErrorKind::kNotFound, fmt::format("no migration is called '{}'{}", name, near),
               "whimbrel status"};
}

}  // namespace whimbrel
