#include "flow/evidence.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/compress.h"
#include "flow/audited.h"
#include "migration/source_text.h"

namespace whimbrel {

using mongo::Document;
using mongo::make_document;

namespace {

constexpr int kFileVersion = 1;

void append_if_known(Document& document, std::string_view key, const std::optional<bool>& verdict) {
  if (verdict) document.append(key, *verdict);
}

Document figures_of(const Estimate& estimate) {
  return make_document("documents", estimate.documents, "p10", estimate.p10, "p50", estimate.p50,
                       "p90", estimate.p90);
}

Document figures_of(const Trial& trial) {
  Document figures = make_document("documents", trial.sample, "modified", trial.documents.modified,
                                   "failed", trial.documents.quarantined);
  figures.append("seconds", trial.seconds).append("documentsPerSecond", trial.docs_per_second);
  figures.append("bytes", trial.bytes);
  figures.append("journalBytes", trial.documents.journal_bytes);
  if (trial.log_bytes) figures.append("logBytes", *trial.log_bytes);
  append_if_known(figures, "idempotent", trial.idempotent);
  append_if_known(figures, "roundTrip", trial.round_trip);
  if (trial.estimate) figures.append("estimate", figures_of(*trial.estimate));
  if (trial.estimate_10m) figures.append("estimate10M", figures_of(*trial.estimate_10m));
  return figures;
}

Document figures_of(const Verification& verification) {
  int64_t failing = std::count_if(verification.checks.begin(), verification.checks.end(),
                                  [](const VerifiedCheck& check) { return !check.holds; });
  int64_t residual = 0, compared = 0, wrong = 0, changed_since = 0;
  for (const VerifiedStep& step : verification.steps) {
    residual += step.residual.value_or(0);
    if (!step.journal) continue;
    compared += step.journal->looked_at;
    wrong += step.journal->wrong;
    changed_since += step.journal->changed_since;
  }
  Document figures =
      make_document("checks", static_cast<int64_t>(verification.checks.size()), "failingChecks",
                    failing, "residual", residual, "documents", compared);
  return figures.append("wrong", wrong).append("changedSince", changed_since);
}

/// What the hash of an export is made of.
std::string hash_of(const std::vector<Document>& records) {
  std::string text;
  for (const Document& record : records) text += record.view().to_json() + "\n";
  return sha256_hex(text);
}

Error damaged(const std::string& path, const std::string& why) {
  return Error{ErrorKind::kBadMigration,
               fmt::format("{} is no evidence that can be imported: {}", path, why),
               "export it again where it was found: whimbrel evidence export --out FILE"};
}

Result<std::vector<Document>> records_in(const std::string& path) {
  std::string text =
      TRY(migration::read_source(path, ErrorKind::kBadMigration, "exported evidence",
                                 "whimbrel evidence export NAME writes that of one migration"));
  auto file = Document::from_json(text);
  if (!file) return damaged(path, file.error().message);
  auto listed = file->view().find("records");
  if (file->view().get_string("type") != "evidence" || !listed || !listed->is_document()) {
    return damaged(path, "it has no `type: evidence` with `records`");
  }
  if (file->view().get_int("v") > kFileVersion) {
    return damaged(path, fmt::format("it has version {}, and this whimbrel reads {}",
                                     file->view().get_int("v"), kFileVersion));
  }
  std::vector<Document> records;
  for (const mongo::Value& one : listed->as_document().elements()) {
    records.emplace_back(one.as_document());
  }
  if (hash_of(records) == file->view().get_string("sha256")) return records;
  return damaged(path, "its records are not those that its sha256 was made of");
}

/// "" for all; the hash of the file as it is now for a name.
Result<std::string> hash_meant_by(Project& project, const std::string& name) {
  if (name.empty()) return std::string();
  History history = TRY(read_history(project));
  const Entry* entry = TRY(history.resolve(name));
  if (entry->file) return entry->file->hash;
  return Error{ErrorKind::kNotFound, entry->name + ": the file is missing", "whimbrel status"};
}

}  // namespace

EvidenceRecord new_evidence(const Project& project, const std::string& kind, int exit) {
  EvidenceRecord record;
  record.kind = kind;
  record.environment = project.config.environment;
  record.database = project.database;
  record.server = project.client.server().version;
  record.program = WHIMBREL_VERSION;
  record.exit = exit;
  record.passed = exit == 0 || exit == 3;
  return record;
}

Status keep_evidence(Project& project, const Trial& trial) {
  EvidenceRecord record = new_evidence(project, std::string(to_text(trial.phase)), trial.exit());
  record.migration = trial.migration;
  record.hash = trial.hash;
  record.figures = figures_of(trial);
  return Evidence(project.client, project.database).add(record);
}

Status keep_evidence(Project& project, const Verification& verification) {
  EvidenceRecord record = new_evidence(project, kVerifyEvidence, verification.exit());
  record.migration = verification.migration;
  record.hash = verification.hash;
  record.figures = figures_of(verification);
  return Evidence(project.client, project.database).add(record);
}

void note_unless_kept(const Status& kept, std::vector<std::string>& notes) {
  if (!kept) notes.push_back("it was not kept as evidence: " + kept.error().message);
}

Result<std::vector<EvidenceRecord>> read_evidence(Project& project, const std::string& name) {
  std::string hash = TRY(hash_meant_by(project, name));
  return Evidence(project.client, project.database).read(hash);
}

Result<std::string> export_evidence(Project& project, const std::string& name) {
  std::string hash = TRY(hash_meant_by(project, name));
  auto records = TRY(Evidence(project.client, project.database).documents(hash));
  std::string text =
      fmt::format("{{\"type\": \"evidence\", \"v\": {}, \"records\": [", kFileVersion);
  for (size_t i = 0; i < records.size(); ++i) {
    text += (i == 0 ? "\n  " : ",\n  ") + records[i].view().to_json();
  }
  return text + fmt::format("\n], \"sha256\": \"{}\"}}\n", hash_of(records));
}

Result<ImportedEvidence> import_evidence(Project& project, const std::string& path) {
  std::vector<Document> records = TRY(records_in(path));
  Evidence evidence(project.client, project.database);
  for (const Document& record : records) TRY(Evidence::check(record));
  ImportedEvidence imported;
  for (const Document& record : records) {
    bool added = TRY(evidence.import(record));
    (added ? imported.added : imported.known) += 1;
  }
  AuditRecord audit;
  audit.action = AuditAction::kEvidenceImported;
  audit.options = make_document("added", imported.added, "known", imported.known);
  audit.outcome = AuditOutcome::kDone;
  TRY(write_audit(project, std::move(audit)));
  return imported;
}

}  // namespace whimbrel
