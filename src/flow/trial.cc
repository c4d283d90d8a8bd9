#include "flow/trial.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "engine/single_transaction.h"
#include "flow/evidence.h"
#include "flow/fingerprint.h"
#include "flow/scratch.h"
#include "flow/trial_measure.h"
#include "flow/trial_sample.h"
#include "flow/undo_migration.h"
#include "state/quarantine.h"

namespace whimbrel {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kMostFailures = 1000;
constexpr int kShownOfTest = 20;
constexpr int kShownOfRehearsal = 3;
constexpr int kMostRounds = 7;
constexpr std::chrono::milliseconds kRoundsTime{2000};
constexpr int64_t kTenMillion = 10'000'000;

/// What is tried, after what was applied beforehand.
struct Candidates {
  std::vector<Migration> before, tried;
};

Result<Migration> load_named(Project& project, const Entry& entry) {
  if (entry.file) return load_any(*project.scripts, *entry.file);
  return Error{ErrorKind::kNotFound, entry.name + ": the file is missing", "whimbrel status"};
}

Result<Candidates> choose(Project& project, const TrialOptions& options) {
  History history = TRY(read_history(project));
  std::vector<Todo> todo = TRY(choose_pending(project, history, {options.name, ""}));
  Candidates chosen;
  for (Todo& item : todo) chosen.tried.push_back(std::move(item.migration));
  if (options.name.empty()) return chosen;
  const Entry* named = TRY(history.resolve(options.name));
  Migration last = TRY(load_named(project, *named));
  std::erase_if(chosen.tried, [&](const Migration& one) { return one.file == named->name; });
  chosen.before = std::exchange(chosen.tried, {});
  chosen.tried.push_back(std::move(last));
  return chosen;
}

/// One migration in the scratch database.
class Trying {
 public:
  Trying(Project& real, Scratch& scratch, const TrialOptions& options, Reporter& reporter,
         Stop& stop)
      : real_(real), scratch_(scratch), options_(options), reporter_(reporter), stop_(stop) {}

  /// Leaves it applied.
  Status apply_only(const Migration& migration) {
    std::vector<std::string> ignored;
    auto run = apply(triable(migration, options_.whole, ignored));
    return run ? Status() : Status(std::move(run).error().while_doing("preparing the sample"));
  }

  Result<Trial> run(const Migration& migration) {
    trial_ = Trial{};
    rounds_.clear();
    trial_.phase = options_.phase;
    trial_.migration = migration.file;
    trial_.hash = migration.hash;
    Migration tried = triable(migration, options_.whole, trial_.notes);
    Status done = through(tried);
    if (!done && stop_.requested()) return std::move(done).error();
    if (!done) trial_.error = std::move(done).error();
    return std::move(trial_);
  }

 private:
  Project& project() { return scratch_.project(); }

  Status through(const Migration& migration) {
    int shown = options_.phase == Phase::kTest ? kShownOfTest : kShownOfRehearsal;
    trial_.samples = TRY(samples_before(project(), migration, shown));
    Fingerprint untouched = TRY(fingerprint(project()));
    auto started = Clock::now();
    Status applied = first_up(migration);
    TRY(samples_after(project(), migration, trial_.samples));
    TRY(std::move(applied));
    for (const auto& [name, print] : untouched) trial_.bytes += print.bytes;
    if (has_script(migration)) {
      for (const auto& [name, print] : untouched) trial_.sample += print.documents;
    }
    TRY(note_touched());
    TRY(try_down(migration, untouched));
    if (options_.phase == Phase::kRehearse && !options_.whole) TRY(more_rounds(migration, started));
    TRY(try_again(migration));
    return estimate(migration);
  }

  Result<Run> apply(const Migration& migration) {
    UpSetting setting{project(), scratch_.lock(), reporter_, stop_};
    setting.overrides = options_.overrides;
    // Every failure is wanted, not only the first.
    setting.overrides.max_errors = std::nullopt;
    setting.overrides.max_errors_share = 1.0;
    Run run = TRY(apply_migration(setting, migration, {}));
    rounds_.push_back(run.steps);
    return run;
  }

  Status first_up(const Migration& migration) {
    auto started = Clock::now();
    auto log_before = server_log_bytes(project());
    auto run = apply(migration);
    trial_.seconds = std::chrono::duration<double>(Clock::now() - started).count();
    if (!run) return std::move(run).error();
    auto log_after = server_log_bytes(project());
    if (log_before && log_after) trial_.log_bytes = *log_after - *log_before;
    trial_.documents = run->counts();
    trial_.sample = tried(trial_.documents);
    trial_.docs_per_second = docs_per_second(real_, migration, options_.overrides, run->steps);
    for (const Step& step : migration.steps) {
      if (!step.is_document_step()) continue;
      trial_.error_budget += error_budget(real_.config, step, options_.overrides, trial_.sample);
    }
    return read_failures(*run);
  }

  Status read_failures(const Run& run) {
    Quarantine quarantine(project().client, project().database);
    for (QuarantinedDocument& one : TRY(quarantine.read(run.id, kMostFailures))) {
      trial_.failures.push_back({std::move(one.id), std::move(one.message)});
    }
    return {};
  }

  Status note_touched() {
    for (const auto& one : TRY(project().scripts->touched())) {
      trial_.notes.push_back(
          fmt::format("its code asked {}: {}", one.collection, join(one.commands, ", ")));
    }
    return {};
  }

  Status undo(const Migration& migration) {
    History history = TRY(read_history(project()));
    const Entry* entry = TRY(history.resolve(migration.file));
    UndoItem item = TRY(undo_item(*entry, migration));
    UpSetting setting{project(), scratch_.lock(), reporter_, stop_};
    DownSummary summary;
    return undo_migration(setting, item, summary);
  }

  /// Applies it again afterwards, for what comes next.
  Status try_down(const Migration& migration, const Fingerprint& untouched) {
    if (!migration.reversible()) {
      trial_.round_trip_why = "it cannot be undone, as it says itself";
      return {};
    }
    Status undone = undo(migration);
    if (!undone) {
      if (stop_.requested()) return undone;
      trial_.round_trip = false;
      trial_.round_trip_why = undone.error().message;
      return undone;
    }
    Fingerprint brought_back = TRY(fingerprint(project()));
    auto differing = differences(untouched, brought_back);
    trial_.round_trip = differing.empty();
    trial_.round_trip_why =
        differing.empty() ? "`down` brings every byte back" : join(differing, "; ");
    (void)TRY(apply(migration));
    return {};
  }

  Status try_again(const Migration& migration) {
    Fingerprint once = TRY(fingerprint(project()));
    auto again = apply(migration);
    if (!again && stop_.requested()) return std::move(again).error();
    if (!again) {
      trial_.idempotent = false;
      trial_.idempotent_why = "run again, it fails: " + again.error().message;
      return {};
    }
    rounds_.pop_back();  // finished documents cost less
    Fingerprint twice = TRY(fingerprint(project()));
    auto differing = differences(once, twice);
    trial_.idempotent = differing.empty();
    trial_.idempotent_why =
        differing.empty() ? "run again, it changes nothing" : join(differing, "; ");
    return {};
  }

  /// The more rounds, the better the spread is known.
  Status more_rounds(const Migration& migration, Clock::time_point started) {
    bool documents = tried(trial_.documents) > 0;
    if (trial_.round_trip != true || !documents) return {};
    while (rounds_.size() < kMostRounds && Clock::now() - started < kRoundsTime) {
      TRY(undo(migration));
      (void)TRY(apply(migration));
    }
    return {};
  }

  Status estimate(const Migration& migration) {
    if (options_.phase != Phase::kRehearse) return {};
    std::vector<Awaiting> awaiting = TRY(what_awaits(real_, migration, options_.overrides));
    std::vector<MeasuredRound> measured;
    for (const auto& steps : rounds_) measured.push_back(measured_round(awaiting, steps));
    trial_.estimate = estimate_seconds(measured);
    if (trial_.estimate) trial_.estimate_10m = scaled_to(*trial_.estimate, kTenMillion);
    if (has_script(migration))
      trial_.notes.push_back("how long a script takes on all documents cannot be told from some");
    return {};
  }

  Project& real_;
  Scratch& scratch_;
  const TrialOptions& options_;
  Reporter& reporter_;
  Stop& stop_;
  Trial trial_;
  std::vector<std::vector<StepState>> rounds_;  // steps of each `up`
};

}  // namespace

std::string_view to_text(Phase phase) {
  return phase == Phase::kTest ? "test" : "rehearsal";
}

std::optional<double> Trial::write_amplification() const {
  if (!log_bytes || bytes == 0) return std::nullopt;
  return static_cast<double>(*log_bytes) / static_cast<double>(bytes);
}

int Trial::exit() const {
  if (error) return exit_code(error->kind);
  if (round_trip == false || documents.quarantined > error_budget) return 1;
  return documents.quarantined > 0 ? 3 : 0;
}

Result<std::vector<Trial>> try_migrations(Project& project, const TrialOptions& options,
                                          Reporter& reporter, Stop& stop) {
  Candidates chosen = TRY(choose(project, options));
  std::vector<Trial> trials;
  if (chosen.tried.empty()) return trials;
  for (const Migration& one : chosen.before) TRY(check_transactions(project.client, one));
  for (const Migration& one : chosen.tried) TRY(check_transactions(project.client, one));
  auto scratch = TRY(Scratch::open(project, std::string(to_text(options.phase)), stop));
  std::vector<Migration> all = chosen.before;
  all.insert(all.end(), chosen.tried.begin(), chosen.tried.end());
  std::vector<std::string> notes;
  TRY(copy_sample(project, scratch->project(), all, options, notes));
  Trying trying(project, *scratch, options, reporter, stop);
  for (const Migration& migration : chosen.before) TRY(trying.apply_only(migration));
  for (const Migration& migration : chosen.tried) {
    trials.push_back(TRY(trying.run(migration)));
    Trial& trial = trials.back();
    trial.notes.insert(trial.notes.begin(), notes.begin(), notes.end());
    note_unless_kept(keep_evidence(project, trial), trial.notes);
    if (trial.error) break;
  }
  TRY(scratch->drop());
  return trials;
}

}  // namespace whimbrel
