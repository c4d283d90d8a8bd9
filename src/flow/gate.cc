#include "flow/gate.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "flow/next_command.h"

namespace whimbrel {
namespace {

/// The record of evidence that a requirement is judged by; nullptr when there is none.
const EvidenceRecord* judged_by(const std::vector<EvidenceRecord>& records,
                                const std::string& requirement) {
  if (requirement == "backup") {
    const EvidenceRecord* made = newest(records, kBackupEvidence);
    const EvidenceRecord* word = newest(records, kTickEvidence, requirement);
    return made && (!word || word->at < made->at) ? made : word;
  }
  return newest(records, requirement);
}

std::string place_of(const EvidenceRecord& record) {
  std::string environment =
      record.environment.empty() ? "" : fmt::format(" ({})", record.environment);
  return fmt::format("{}{} on {}", record.database, environment, iso_time(record.at));
}

bool tried_nothing(const EvidenceRecord& record, const Migration& migration) {
  if (record.kind != kTestEvidence && record.kind != kRehearsalEvidence) return false;
  bool documents = std::any_of(migration.steps.begin(), migration.steps.end(),
                               [](const Step& step) { return step.is_document_step(); });
  return documents && record.figures.view().get_int("documents") == 0;
}

/// "" when it will do.
std::string objection(const Project& project, const EvidenceRecord* record,
                      const Migration& migration) {
  if (!record) return "there is none of this very file";
  if (record->kind == kTickEvidence && !record->passed) return "it was taken back";
  if (!record->passed) return "it failed in " + place_of(*record);
  bool here = !record->imported && record->database == project.database &&
              record->environment == project.config.environment;
  if (here || !tried_nothing(*record, migration)) return "";
  return fmt::format("no document was tried in {}", place_of(*record));
}

std::string command_for(const Project& project, const std::string& requirement,
                        const std::string& file) {
  std::string whimbrel =
      project.config.environment.empty() ? "whimbrel" : "whimbrel -e " + project.config.environment;
  if (requirement == "test") return fmt::format("{} test {}", whimbrel, file);
  if (requirement == "rehearsal") return fmt::format("{} rehearse {}", whimbrel, file);
  if (requirement == "backup") {
    return fmt::format(
        "{} backup --for {}, or for one of another kind: {} checklist tick backup {} --note "
        "\"where it is\"",
        whimbrel, file, whimbrel, file);
  }
  return fmt::format("whimbrel -e OTHER verify {}, where it is applied already", file);
}

}  // namespace

std::vector<MissingEvidence> missing_evidence(const Project& project, const Migration& migration,
                                              const std::vector<EvidenceRecord>& records) {
  std::vector<MissingEvidence> missing;
  for (const std::string& requirement : project.config.required_evidence) {
    std::string why = objection(project, judged_by(records, requirement), migration);
    if (why.empty()) continue;
    missing.push_back({requirement, why, command_for(project, requirement, migration.file)});
  }
  return missing;
}

Result<std::vector<EvidenceRecord>> read_gate_evidence(Project& project, const std::string& hash) {
  auto records = TRY(Evidence(project.client, project.database).read(hash));
  Changelog changelog(project.client, project.database, project.config.changelog_collection);
  int64_t last_change = 0;
  for (const ChangelogEntry& entry : TRY(changelog.read())) {
    last_change = std::max(last_change, entry.applied_at);
  }
  std::erase_if(records, [&](const EvidenceRecord& record) {
    bool here = !record.imported && record.database == project.database;
    return record.kind == kBackupEvidence && (!here || record.at < last_change);
  });
  return records;
}

Status check_gate_but_backup(Project& project, const std::vector<const Migration*>& migrations) {
  std::vector<std::string> all = project.config.required_evidence;
  std::erase(project.config.required_evidence, "backup");
  Status checked = check_gate(project, migrations);
  project.config.required_evidence = std::move(all);
  return checked;
}

Status check_gate(Project& project, const std::vector<const Migration*>& migrations) {
  if (project.config.required_evidence.empty()) return {};
  std::string lines, next;
  for (const Migration* migration : migrations) {
    auto records = TRY(read_gate_evidence(project, migration->hash));
    for (const MissingEvidence& missing : missing_evidence(project, *migration, records)) {
      lines += fmt::format("\n  {}: {}: {}; {}", migration->file, missing.requirement, missing.why,
                           missing.command);
      if (next.empty()) next = missing.command;
    }
  }
  if (lines.empty()) return {};
  return Error{
      ErrorKind::kFailed,
      fmt::format("the {} environment requires evidence that is missing:{}",
                  project.config.environment, lines),
      next +
          "; or where it was found: whimbrel evidence export --out FILE, and here: whimbrel -e " +
          project.config.environment + " evidence import FILE"};
}

}  // namespace whimbrel
