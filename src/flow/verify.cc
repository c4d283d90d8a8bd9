#include "flow/verify.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/checks.h"
#include "engine/script_host.h"
#include "flow/evidence.h"
#include "flow/history.h"
#include "flow/migration_file.h"
#include "flow/task_plan.h"
#include "state/quarantine.h"

namespace whimbrel {
namespace {

constexpr int kShownResidual = 10;
constexpr int kAskedResidual = 1000;

Result<const Entry*> last_applied(const History& history) {
  const Entry* last = nullptr;
  for (const Entry& entry : history.entries) {
    bool later = entry.applied && (!last || entry.applied->applied_at >= last->applied->applied_at);
    if (later) last = &entry;
  }
  if (last) return last;
  return Error{ErrorKind::kNotFound, "no migration is applied: there is nothing to verify",
               "whimbrel up"};
}

Result<const Entry*> applied_entry(const History& history, const std::string& name) {
  const Entry* entry = TRY(name.empty() ? last_applied(history) : history.resolve(name));
  if (!entry->applied) {
    return Error{ErrorKind::kNotFound, entry->name + " is not applied: there is nothing to verify",
                 "whimbrel up --to " + entry->name};
  }
  if (!entry->file) {
    return Error{ErrorKind::kNotFound, entry->name + ": its file is missing",
                 "put it back, then: whimbrel verify " + entry->name};
  }
  if (entry->state == MigrationState::kChanged) {
    return Error{ErrorKind::kFailed, entry->name + ": its file was changed since it was applied",
                 "put it back as it was, or take the file as it is now: whimbrel resolve " +
                     entry->name + " --accept-change"};
  }
  return entry;
}

/// One applied migration, step by step.
class Verifying {
 public:
  Verifying(Project& project, const VerifyOptions& options, const Migration& migration,
            const Run* run, Stop& stop)
      : project_(project), options_(options), migration_(migration), run_(run), stop_(stop) {}

  Verification found;

  Status step(size_t index) {
    const Step& step = migration_.steps[index];
    for (const Check& check : step.checks) {
      note_check(index, check.text,
                 run_checks(project_.client, project_.database, step.collection(), {check}));
    }
    if (std::holds_alternative<ScriptStep>(step.body)) {
      found.notes.push_back("what a script did cannot be verified; a document migration can");
    }
    return step.is_document_step() ? documents(index) : Status();
  }

 private:
  void note_check(size_t index, const std::string& text, const Status& holds) {
    found.checks.push_back({index, text, bool(holds), holds ? "" : holds.error().message});
  }

  const StepState* state(size_t index) const {
    return run_ && index < run_->steps.size() ? &run_->steps[index] : nullptr;
  }

  Status documents(size_t index) {
    const Step& step = migration_.steps[index];
    std::string run = run_ ? run_->id : mongo::new_object_id();
    DocumentTask task =
        TRY(plan_task(project_, migration_, step, {run, static_cast<int>(index)}, {}, Probe::kNo));
    VerifiedStep verified{.step = index, .kind = step.kind, .collection = step.collection()};
    verified.documents_now = task.facts.documents;
    if (const StepState* was = state(index)) {
      keep_strategy(task, *was);
      verified.documents_before = was->total;
      verified.counts = was->counts;
      TRY(count_quarantined(task, verified));
      if (was->residual) TRY(find_residual(task, verified));
    }
    TRY(compare(task, verified));
    auto* transform = std::get_if<TransformStep>(&step.body);
    if (transform && transform->checks) {
      note_check(index, "check(ctx)", check_script(task, stop_));
    }
    found.steps.push_back(std::move(verified));
    return {};
  }

  Status count_quarantined(const DocumentTask& task, VerifiedStep& verified) {
    for (const QuarantinedStep& one : TRY(Quarantine(project_.client, project_.database).steps())) {
      bool mine = one.key.run == task.key.run && one.key.step == task.key.step;
      if (mine) verified.quarantined = one.documents;
    }
    return {};
  }

  Status find_residual(const DocumentTask& task, VerifiedStep& verified) {
    auto matched = count_matched(project_, task);
    if (!matched) return {};
    std::vector<mongo::OwnedValue> ids;
    auto matching = TRY(matching_documents(project_, task, kAskedResidual));
    for (size_t i = 0; i < matching.size(); ++i) ids.emplace_back(*matching[i].find("_id"));
    auto set_aside = TRY(Quarantine(project_.client, project_.database).among(task.key, ids));
    std::erase_if(
        ids, [&](const mongo::OwnedValue& id) { return set_aside.contains(id.value().map_key()); });
    auto left = static_cast<int64_t>(ids.size());
    verified.residual =
        *matched > kAskedResidual ? std::max(left, *matched - verified.quarantined) : left;
    if (ids.size() > kShownResidual) ids.resize(kShownResidual);
    verified.residual_ids = std::move(ids);
    return {};
  }

  Status compare(const DocumentTask& task, VerifiedStep& verified) {
    if (!run_) verified.no_journal = "no run of whimbrel applied it";
    else if (run_->journal_removed) verified.no_journal = "it was removed by age";
    else if (!task.step.journal) verified.no_journal = "the step says `journal: off`";
    else if (migration_.transaction) verified.no_journal = "it was one transaction";
    if (!verified.no_journal.empty()) return {};
    auto documents = options_.whole ? std::nullopt : std::optional(options_.docs);
    verified.journal = TRY(verify_document_step(project_.client, task, *run_, documents, stop_));
    return {};
  }

  Project& project_;
  const VerifyOptions& options_;
  const Migration& migration_;
  const Run* run_;
  Stop& stop_;
};

}  // namespace

int Verification::exit() const {
  bool wrong = std::any_of(checks.begin(), checks.end(),
                           [](const VerifiedCheck& check) { return !check.holds; });
  bool set_aside = false;
  for (const VerifiedStep& step : steps) {
    wrong = wrong || step.residual.value_or(0) > 0 || (step.journal && step.journal->wrong > 0);
    set_aside = set_aside || step.quarantined > 0;
  }
  return wrong ? 1 : set_aside ? 3 : 0;
}

Result<Verification> verify(Project& project, const VerifyOptions& options, Stop& stop) {
  History history = TRY(read_history(project));
  const Entry* entry = TRY(applied_entry(history, options.name));
  Migration migration = TRY(load_any(*project.scripts, *entry->file));
  const Run* run = entry->run && entry->run->state == RunState::kDone ? &*entry->run : nullptr;
  Verifying verifying(project, options, migration, run, stop);
  for (size_t index = 0; index < migration.steps.size(); ++index) TRY(verifying.step(index));
  verifying.found.migration = entry->name;
  verifying.found.hash = migration.hash;
  verifying.found.run = run ? run->id : "";
  note_unless_kept(keep_evidence(project, verifying.found), verifying.found.notes);
  return std::move(verifying.found);
}

}  // namespace whimbrel
