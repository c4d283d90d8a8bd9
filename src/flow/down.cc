#include "flow/down.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "flow/run_control.h"
#include "flow/undo_migration.h"

namespace whimbrel {
namespace {

std::vector<const Entry*> applied_last_first(const History& history) {
  std::vector<const Entry*> applied;
  for (const Entry& entry : history.entries) {
    if (entry.applied) applied.push_back(&entry);
  }
  std::stable_sort(applied.begin(), applied.end(), [](const Entry* a, const Entry* b) {
    return a->applied->applied_at != b->applied->applied_at
               ? a->applied->applied_at > b->applied->applied_at
               : a->name > b->name;
  });
  return applied;
}

/// A script's open run is not among them: nobody knows what it has done, and migrate-mongo passes
/// over it, too.
bool can_be_undone_half_way(const Entry& entry) {
  if (entry.applied || !entry.run || !entry.run->is_open()) return false;
  bool undoing = entry.run->state == RunState::kUndoing;
  return undoing || !is_script_run(*entry.run);
}

std::vector<const Entry*> open_runs(const History& history) {
  std::vector<const Entry*> open;
  for (const Entry& entry : history.entries) {
    if (can_be_undone_half_way(entry)) open.push_back(&entry);
  }
  std::reverse(open.begin(), open.end());
  return open;
}

Result<std::vector<const Entry*>> select(const History& history, const DownOptions& options) {
  std::vector<const Entry*> candidates = open_runs(history);
  std::vector<const Entry*> applied = applied_last_first(history);
  size_t open = candidates.size();
  candidates.insert(candidates.end(), applied.begin(), applied.end());
  size_t wanted = std::min(candidates.size(), static_cast<size_t>(options.steps));
  if (!options.to.empty()) {
    const Entry* stays = TRY(history.resolve(options.to));
    auto at = std::find(candidates.begin(), candidates.end(), stays);
    if (at == candidates.end()) {
      return Error{ErrorKind::kNotFound, fmt::format("{} is not applied", stays->name),
                   "whimbrel status"};
    }
    wanted = static_cast<size_t>(at - candidates.begin());
  } else if (options.block && !applied.empty()) {
    double block = applied.front()->applied->block;
    wanted = open;
    for (const Entry* entry : applied)
      wanted += entry->applied->block == block && block > 0 ? 1 : 0;
    wanted = std::max(wanted, open + 1);
  }
  candidates.resize(wanted);
  return candidates;
}

Error cannot_undo(const std::string& file, const std::string& why, const std::string& hint,
                  ErrorKind kind = ErrorKind::kFailed) {
  return Error{kind, fmt::format("cannot undo {}: {}", file, why), hint};
}

Status check_file(const Entry& entry) {
  if (!entry.file) {
    return cannot_undo(entry.name, "the file is missing", "put it back, then: whimbrel down",
                       ErrorKind::kNotFound);
  }
  // A script's down() is code that runs as it is today, as in migrate-mongo.
  if (entry.file->is_script()) return {};
  bool changed =
      entry.state == MigrationState::kChanged || (entry.run && entry.run->hash != entry.file->hash);
  if (!changed) return {};
  return cannot_undo(
      entry.name, "the file was changed since it was applied, so it no longer says what was done",
      fmt::format("put it back as it was, then: whimbrel down; or take the file as it is now: "
                  "whimbrel resolve {} --accept-change",
                  entry.name),
      ErrorKind::kBadMigration);
}

Status check_reversible(const Entry& entry, const Migration& migration, const Run& run) {
  if (!migration.reversible()) {
    bool script = entry.file->is_script();
    return cannot_undo(entry.name, script ? "it has no down()" : "it says `irreversible: true`",
                       "restore a backup, or write a migration that goes on from here");
  }
  if (migration.down == DownKind::kSteps) return {};
  if (run.id.empty()) {
    return cannot_undo(entry.name, "there is no record of the run that applied it",
                       "write its `down:` steps");
  }
  for (const StepState& step : run.steps) {
    bool unrecorded =
        step.strategy == to_text(Strategy::kPlain) || step.strategy == kUnjournalledTransaction;
    if (unrecorded && step.counts.modified > 0) {
      return cannot_undo(entry.name,
                         fmt::format("it changed {} with `journal: off`", step.collection),
                         "restore a backup, or write its `down:` steps");
    }
  }
  bool undoing = run.state == RunState::kUndoing;
  if (run.journal_removed && !undoing && run.counts().modified > 0) {
    return cannot_undo(entry.name, "its journal was removed by age (engine.journalKeep)",
                       "restore a backup");
  }
  return {};
}

mongo::Document audited(const DownOptions& options) {
  mongo::Document given = given_options(options.overrides);
  if (options.steps != 1) given.append("steps", options.steps);
  if (!options.to.empty()) given.append("to", options.to);
  if (options.block) given.append("block", true);
  add_answer(given, options.in_doubt);
  return given;
}

}  // namespace

Result<UndoItem> undo_item(const Entry& entry, Migration migration) {
  UndoItem item;
  item.migration = std::move(migration);
  item.run = entry.run.value_or(Run{});
  item.applied = entry.applied.has_value();
  item.journal_bytes = item.run.counts().journal_bytes;
  TRY(check_reversible(entry, item.migration, item.run));
  return item;
}

Result<std::vector<UndoItem>> choose_undo(Project& project, const History& history,
                                          const DownOptions& options) {
  std::vector<UndoItem> items;
  for (const Entry* entry : TRY(select(history, options))) {
    TRY(check_file(*entry));
    Migration migration = TRY(load_any(*project.scripts, *entry->file));
    items.push_back(TRY(undo_item(*entry, std::move(migration))));
    if (!entry->run) continue;
    TRY(check_versions_of_run(project.client, project.database, entry->run->id));
  }
  return items;
}

Status down(Project& project, const DownOptions& options, Reporter& reporter, Stop& stop,
            DownSummary& summary) {
  Lock lock = TRY(acquire_lock(project, "down", options.lock_wait, reporter, stop));
  History history = TRY(read_history(project));
  std::vector<UndoItem> items = TRY(choose_undo(project, history, options));
  std::vector<std::string> names;
  for (const UndoItem& item : items) names.push_back(item.migration.file);
  reporter.run_started(project.database, project.client.server().version, names);
  if (items.empty()) reporter.say("info", "nothing to undo: no migration is applied");

  // From here on the database is touched.
  if (!items.empty()) TRY(ensure_state_collections(project));
  RunControl control(project, lock.epoch(), reporter, stop, limits_of(project.config));
  if (!items.empty()) TRY(control.start());
  UpSetting setting{project,
                    lock,
                    reporter,
                    stop,
                    0,
                    options.overrides,
                    options.in_doubt,
                    audited(options),
                    control.throttle()};
  for (const UndoItem& item : items) {
    if (stop.requested()) return stop.error();
    control.take_up(item.run);
    TRY(undo_migration(setting, item, summary));
  }
  return lock.release();
}

}  // namespace whimbrel
