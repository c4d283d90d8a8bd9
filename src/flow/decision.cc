#include "flow/decision.h"

#include <fmt/format.h>

#include "base/text.h"
#include "state/quarantine.h"

namespace whimbrel {
namespace {

bool has_open_run(const Entry& entry) {
  return entry.run && entry.run->is_open();
}

bool is_undoing(const Entry& entry) {
  return entry.run && entry.run->state == RunState::kUndoing;
}

Decision decision_about(const Entry& entry) {
  Decision decision;
  decision.file = entry.name;
  if (entry.file) decision.hash = entry.file->hash;
  else if (entry.run) decision.hash = entry.run->hash;
  return decision;
}

Error changed_under_run(const Entry& entry) {
  return Error{ErrorKind::kBadMigration,
               fmt::format("{}: the file was changed while its run is open, so what the run did is "
                           "not what the file says",
                           entry.name),
               fmt::format("put the file back as it was, or first: whimbrel resolve {} "
                           "--accept-change",
                           entry.name)};
}

ChangelogEntry entry_of(const Project& project, const Decision& decision, const Run* run) {
  ChangelogEntry entry;
  entry.file = decision.file;
  entry.hash = decision.hash;
  entry.block = static_cast<double>(project.client.server_time());
  entry.run = run ? run->id : mongo::new_object_id();
  if (!run) return entry;
  entry.documents = run->counts().scanned;
  entry.errors = run->counts().quarantined;
  entry.seconds = run->seconds;
  return entry;
}

void close_as_done(const Entry& entry, Decision& decision) {
  Run run = *entry.run;
  Counts counts = run.counts();
  run.state = RunState::kDone;
  run.message.clear();
  run.hash = decision.hash;
  std::string done =
      is_script_run(run) ? "" : fmt::format(" with {} documents", with_commas(counts.scanned));
  decision.lines.push_back(fmt::format("its open run is closed as done{}", done));
  if (counts.modified > 0) {
    decision.lines.push_back(
        fmt::format("`down` restores the {} documents that the run changed; "
                    "what was done by hand stays",
                    with_commas(counts.modified)));
  }
  if (counts.quarantined > 0) {
    decision.lines.push_back(fmt::format("{} documents stay in quarantine: whimbrel errors",
                                         with_commas(counts.quarantined)));
  }
  decision.run = std::move(run);
}

Result<Decision> decide_applied(Project& project, const Entry& entry) {
  Decision decision = decision_about(entry);
  bool open = has_open_run(entry);
  if (is_undoing(entry)) {
    return Error{ErrorKind::kFailed,
                 entry.name + ": its `down` was interrupted, so a part of it is undone",
                 "finish it first: whimbrel down; or, if that was done by hand: whimbrel resolve " +
                     entry.name + " --pending"};
  }
  if (entry.applied && !open) {
    decision.lines.push_back(fmt::format("{} is applied already, since {}", entry.name,
                                         iso_time(entry.applied->applied_at)));
    return decision;
  }
  bool changed = open && entry.run->hash != decision.hash;
  if (changed && !is_script_run(*entry.run)) return changed_under_run(entry);
  decision.lines.push_back(
      fmt::format("{} counts as applied now; nothing of it was run by this command", entry.name));
  // A run that is done and lost its entry is the one that `down` can undo.
  bool belongs = open || (entry.run && entry.run->hash == decision.hash);
  if (open) close_as_done(entry, decision);
  if (!belongs) {
    decision.lines.push_back(
        "there is no run of it: `down` can undo it only by steps that its file has for that");
  }
  if (!entry.applied) {
    decision.new_entry = entry_of(project, decision, belongs ? &*entry.run : nullptr);
  }
  return decision;
}

Result<int64_t> count_quarantined(Project& project, const std::string& run) {
  int64_t documents = 0;
  for (const QuarantinedStep& step : TRY(Quarantine(project.client, project.database).steps())) {
    if (step.key.run == run) documents += step.documents;
  }
  return documents;
}

Status give_up_run(Project& project, const Entry& entry, Decision& decision) {
  Run run = *entry.run;
  int64_t modified = run.counts().modified;
  if (run.is_open()) decision.lines.push_back("its open run is given up");
  if (modified > 0) {
    decision.lines.push_back(
        fmt::format("{} documents that it changed stay changed and cannot be undone by `down` any "
                    "more; the next `up` changes them again unless its `where` leaves them out",
                    with_commas(modified)));
  }
  int64_t quarantined = TRY(count_quarantined(project, run.id));
  if (quarantined > 0) {
    decision.lines.push_back(
        fmt::format("{} documents leave quarantine: the next `up` tries them with all others",
                    with_commas(quarantined)));
  }
  decision.gives_up_quarantine = quarantined > 0;
  run.state = RunState::kUndone;
  run.message = "given up by `whimbrel resolve --pending`; nothing of it was undone";
  decision.run = std::move(run);
  return {};
}

Result<Decision> decide_pending(Project& project, const Entry& entry) {
  Decision decision = decision_about(entry);
  if (!entry.applied && !entry.run) {
    decision.lines.push_back(entry.name + " is pending already");
    return decision;
  }
  decision.lines.push_back(entry.name +
                           " counts as pending now; nothing was undone, documents stay as they "
                           "are");
  decision.removes_entry = entry.applied.has_value();
  if (entry.run) TRY(give_up_run(project, entry, decision));
  if (!entry.file) decision.lines.push_back("its file is missing, so no `up` will apply it");
  return decision;
}

/// The run's steps under the changed file; nullopt when it cannot go on, or be undone, with that.
/// An open run may find other steps where it has not been yet.
std::optional<std::vector<StepState>> steps_under(const Migration& migration, const Run& run) {
  bool whole = !run.is_open() || run.state == RunState::kUndoing;
  std::vector<StepState> steps = whole ? all_fresh_steps(migration) : fresh_steps(migration.steps);
  bool same_length = run.steps.size() == migration.steps.size() || run.steps.size() == steps.size();
  if (whole && !same_length) return std::nullopt;
  for (size_t i = 0; i < run.steps.size(); ++i) {
    const StepState& recorded = run.steps[i];
    if (!whole && recorded.progress == StepState::Progress::kPending) continue;
    bool same = i < steps.size() && steps[i].kind == recorded.kind &&
                steps[i].collection == recorded.collection;
    if (!same || (!whole && migration.transaction)) return std::nullopt;
    steps[i] = recorded;
  }
  if (whole) steps.resize(run.steps.size());
  return steps;
}

Status accept_for_run(Project& project, const Entry& entry, Decision& decision) {
  Migration migration = TRY(load_any(*project.scripts, *entry.file));
  Run run = *entry.run;
  auto steps = steps_under(migration, run);
  if (!steps) {
    return Error{
        ErrorKind::kBadMigration,
        fmt::format("{}: its steps are others than those that its run has recorded, so the "
                    "run could neither go on nor be undone with the file as it is now",
                    entry.name),
        fmt::format("put the file back as it was; or give the run up: whimbrel resolve {} "
                    "--pending{}",
                    entry.name, entry.applied ? ", and then --applied" : "")};
  }
  run.steps = *std::move(steps);
  run.hash = decision.hash;
  if (run.counts().modified > 0) {
    decision.lines.push_back(
        "`down` goes by the file as it is now: documents that were migrated by the earlier one may "
        "be left as they are");
  }
  decision.run = std::move(run);
  return {};
}

Result<Decision> decide_accept(Project& project, const Entry& entry) {
  if (!entry.file) {
    return Error{ErrorKind::kNotFound, entry.name + ": the file is missing",
                 "put it back, then: whimbrel status"};
  }
  Decision decision = decision_about(entry);
  const std::string& hash = decision.hash;
  bool entry_differs = entry.applied && !entry.applied->hash.empty() && entry.applied->hash != hash;
  bool counts = has_open_run(entry) || (entry.run && entry.applied);
  bool run_differs = counts && entry.run->hash != hash;
  if (!entry_differs && !run_differs) {
    decision.lines.push_back(entry.name + ": there is no change to accept");
    return decision;
  }
  decision.lines.push_back(has_open_run(entry)
                               ? entry.name + ": its open run goes on with the file as it is now"
                               : entry.name + " counts as applied with the file as it is now");
  if (entry_differs) decision.entry_hash = hash;
  if (run_differs) TRY(accept_for_run(project, entry, decision));
  return decision;
}

}  // namespace

Result<Decision> decide(Project& project, const ResolveOptions& options) {
  History history = TRY(read_history(project));
  const Entry* entry = TRY(history.resolve(options.name));
  if (entry->run) TRY(check_versions_of_run(project.client, project.database, entry->run->id));
  switch (options.resolution) {
    case Resolution::kApplied:
      return decide_applied(project, *entry);
    case Resolution::kPending:
      return decide_pending(project, *entry);
    case Resolution::kAcceptChange:
      break;
  }
  return decide_accept(project, *entry);
}

}  // namespace whimbrel
