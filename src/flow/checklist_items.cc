#include "flow/checklist_items.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "flow/down.h"
#include "flow/expectation.h"

namespace whimbrel {
namespace {

using Found = std::optional<Finding>;

constexpr auto kBefore = ChecklistPhase::kBefore;
constexpr auto kDuring = ChecklistPhase::kDuring;
constexpr auto kAfter = ChecklistPhase::kAfter;

std::string where_and_when(const EvidenceRecord& record) {
  return fmt::format("in {} on {}", record.place(), iso_time(record.at));
}

std::string documents_text(int64_t number) {
  return fmt::format("{} document{}", with_commas(number), number == 1 ? "" : "s");
}

Found tried(const EvidenceRecord* record) {
  if (!record) return std::nullopt;
  mongo::View figures = record->figures.view();
  return Finding{record->passed,
                 fmt::format("{} tried {}, {} failed", documents_text(figures.get_int("documents")),
                             where_and_when(*record), with_commas(figures.get_int("failed")))};
}

/// A backup of another database, or of before the last migration, is none for this one.
Found backed_up(const ChecklistFacts& facts) {
  const EvidenceRecord* record = newest(facts.records, kBackupEvidence);
  bool here = record && !record->imported && record->database == facts.project.database;
  if (!here || facts.entry.applied) return std::nullopt;
  mongo::View figures = record->figures.view();
  return Finding{true, fmt::format("{} on {}: {}", documents_text(figures.get_int("documents")),
                                   iso_time(record->at), figures.get_string("path"))};
}

Found tested(const ChecklistFacts& facts) {
  return tried(newest(facts.records, kTestEvidence));
}
Found rehearsed(const ChecklistFacts& facts) {
  return tried(newest(facts.records, kRehearsalEvidence));
}

/// The verdict of the newest trial that has it.
const EvidenceRecord* newest_with(const ChecklistFacts& facts, std::string_view figure) {
  const EvidenceRecord* found = nullptr;
  for (const EvidenceRecord& record : facts.records) {
    if (record.figures.view().find(figure)) found = &record;
  }
  return found;
}

Found idempotent(const ChecklistFacts& facts) {
  const EvidenceRecord* record = newest_with(facts, "idempotent");
  if (!record) return std::nullopt;
  if (record->figures.view().get_bool("idempotent")) {
    return Finding{true, "run again, it changed nothing, " + where_and_when(*record)};
  }
  bool whole = std::all_of(facts.migration.steps.begin(), facts.migration.steps.end(),
                           [](const Step& step) { return step.is_document_step(); });
  if (whole) {
    return Finding{true, "run again, it would change documents twice; `up` migrates each once"};
  }
  return Finding{false, "run again, it changes something or fails, " + where_and_when(*record)};
}

Found rolled_back(const ChecklistFacts& facts) {
  const EvidenceRecord* record = newest_with(facts, "roundTrip");
  if (!record) return std::nullopt;
  bool good = record->figures.view().get_bool("roundTrip");
  return Finding{good, fmt::format("`down` {} every byte back, {}",
                                   good ? "brought" : "did not bring", where_and_when(*record))};
}

Found estimated(const ChecklistFacts& facts) {
  const EvidenceRecord* record = newest_with(facts, "estimate");
  if (!record) return std::nullopt;
  Estimate estimate = estimate_in(record->figures);
  return Finding{true, fmt::format("{} for {} {}, {}", duration_text(estimate.p50),
                                   documents_text(estimate.documents), spread_text(estimate),
                                   where_and_when(*record))};
}

Found way_back(const ChecklistFacts& facts) {
  const Migration& migration = facts.migration;
  if (!migration.reversible()) return std::nullopt;
  if (migration.down == DownKind::kSteps) return Finding{true, "its own `down`: whimbrel down"};
  bool journalled =
      std::all_of(migration.steps.begin(), migration.steps.end(), [&](const Step& step) {
        return !step.is_document_step() || (step.journal && facts.project.config.engine.journal);
      });
  if (!journalled) return std::nullopt;
  return Finding{true,
                 "documents come back from the journal, other steps are reversed: "
                 "whimbrel down"};
}

const Run* run_of(const ChecklistFacts& facts) {
  return facts.entry.run ? &*facts.entry.run : nullptr;
}

Found started(const ChecklistFacts& facts) {
  const Run* run = run_of(facts);
  if (!run) return std::nullopt;
  return Finding{true, fmt::format("on {} by {}@{}, run {}", iso_time(run->started_at),
                                   run->process.user, run->process.host, run->id)};
}

Found errors_known(const ChecklistFacts& facts) {
  const Run* run = run_of(facts);
  if (!run) return std::nullopt;
  return Finding{true, fmt::format("{} in quarantine; log file {}",
                                   documents_text(run->counts().quarantined), run->log_file)};
}

Found progress_known(const ChecklistFacts& facts) {
  const Run* run = run_of(facts);
  if (!run) return std::nullopt;
  int64_t total = 0;
  for (const StepState& step : run->steps) total += step.total;
  return Finding{
      true, fmt::format("{} of {} in {}, {}", with_commas(run->counts().scanned),
                        documents_text(total), duration_text(run->seconds), to_text(run->state))};
}

Found window_chosen(const ChecklistFacts& facts) {
  const Windows& windows = facts.project.config.windows;
  if (!windows.are_set()) return std::nullopt;
  return Finding{true, "windows: " + windows.text()};
}

Found verified(const ChecklistFacts& facts) {
  const EvidenceRecord* record = newest(facts.records, kVerifyEvidence);
  // What was verified elsewhere says nothing of the documents here.
  bool here = record && !record->imported && record->database == facts.project.database;
  if (!here || !facts.entry.applied || record->at < facts.entry.applied->applied_at) {
    return std::nullopt;
  }
  mongo::View figures = record->figures.view();
  return Finding{
      record->passed,
      fmt::format("{} compared, {} wrong, {} still match `where`, {} of {} checks fail, "
                  "on {}",
                  documents_text(figures.get_int("documents")),
                  with_commas(figures.get_int("wrong")), with_commas(figures.get_int("residual")),
                  figures.get_int("failingChecks"), figures.get_int("checks"),
                  iso_time(record->at))};
}

Found still_reversible(const ChecklistFacts& facts) {
  if (!facts.entry.applied) return std::nullopt;
  auto item = undo_item(facts.entry, facts.migration);
  if (!item) return Finding{false, item.error().message};
  if (facts.migration.down == DownKind::kSteps) return Finding{true, "its own `down`"};
  auto kept = std::chrono::duration_cast<std::chrono::milliseconds>(
      facts.project.config.engine.journal_keep);
  return Finding{true, "from the journal, which is kept until " +
                           iso_time(facts.entry.applied->applied_at + kept.count())};
}

/// Who hears of that event without anybody doing anything.
Found told(const ChecklistFacts& facts, NotifyEvent event) {
  const NotifyConfig& notify = facts.project.config.notify;
  std::vector<std::string> names;
  for (const Receiver& receiver : notify.receivers) {
    if (receiver.wants(event)) names.push_back(receiver.shown());
  }
  if (names.empty()) return std::nullopt;
  return Finding{true, fmt::format("`{}` is told to {}; try it: whimbrel notify test",
                                   to_text(event), join(names, ", "))};
}

Found start_is_told(const ChecklistFacts& facts) {
  return told(facts, NotifyEvent::kStarted);
}
Found end_is_told(const ChecklistFacts& facts) {
  return facts.entry.applied ? told(facts, NotifyEvent::kFinished) : std::nullopt;
}

Found recorded(const ChecklistFacts& facts) {
  if (!facts.entry.applied || facts.migration.description.empty()) return std::nullopt;
  return Finding{true, fmt::format("in the changelog: {}", facts.migration.description)};
}

}  // namespace

const std::vector<ItemDefinition>& checklist_items() {
  static const std::vector<ItemDefinition> kItems = {
      {"backup", "Back up the database", kBefore, true, backed_up, ""},
      {"test", "Test it on a few documents", kBefore, true, tested, "test"},
      {"rehearsal", "Rehearse it on a thousand documents", kBefore, true, rehearsed, "rehearse"},
      {"idempotent", "Know what a second run would do", kBefore, true, idempotent, "test"},
      {"rollback", "Try the way back", kBefore, true, rolled_back, "test"},
      {"estimate", "Estimate how long it will take", kBefore, true, estimated, "rehearse"},
      {"window", "Choose hours of little traffic", kBefore, false, window_chosen, ""},
      {"notify-team", "Tell the team: development, operations, support", kBefore, false,
       start_is_told, ""},
      {"dashboard", "Have the server's figures on a screen", kBefore, false, nullptr, ""},
      {"rollback-plan", "Know how to go back", kBefore, true, way_back, ""},
      {"start", "Start it", kDuring, true, started, "up"},
      {"error-log", "Watch what fails", kDuring, false, errors_known, "errors"},
      {"progress", "Watch the progress", kDuring, false, progress_known, "status"},
      {"load", "Watch processor, memory and connections", kDuring, false, nullptr, ""},
      {"user-impact", "See that users do not notice", kDuring, false, nullptr, ""},
      {"backup-at-hand", "Keep the backup at hand", kDuring, false, nullptr, ""},
      {"standby", "Have a second person on standby", kDuring, false, nullptr, ""},
      {"verify", "Verify what it did", kAfter, true, verified, "verify"},
      {"integration-tests", "Run the application's own tests", kAfter, false, nullptr, ""},
      {"error-rates", "Watch the application's errors", kAfter, false, nullptr, ""},
      {"response-times", "Watch the application's response times", kAfter, false, nullptr, ""},
      {"rollback-possible", "See that it can still be undone", kAfter, false, still_reversible,
       "down --dry-run"},
      {"keep-backup", "Keep the backup for 7 to 30 days", kAfter, false, nullptr, ""},
      {"document", "Write down what changed", kAfter, false, recorded, ""},
      {"runbook", "Bring the runbook up to date", kAfter, false, nullptr, ""},
      {"notify-done", "Tell the team that it is done", kAfter, false, end_is_told, ""},
  };
  return kItems;
}

}  // namespace whimbrel
