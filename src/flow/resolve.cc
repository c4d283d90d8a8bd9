#include "flow/resolve.h"

#include "flow/decision.h"
#include "state/quarantine.h"

namespace whimbrel {
namespace {

AuditRecord record_of(const ResolveOptions& options, const Decision& decision) {
  AuditRecord record;
  record.action = AuditAction::kResolve;
  record.migration = decision.file;
  record.hash = decision.hash;
  if (decision.run) record.run = decision.run->id;
  else if (decision.new_entry) record.run = decision.new_entry->run;
  record.options.append("as", to_text(options.resolution));
  return record;
}

/// In an order in which a crash can be mended by the same command again.
Status write(const UpSetting& setting, const AuditRecord& record, const Decision& decision,
             mongo::Session* session) {
  Project& project = setting.project;
  TRY(setting.lock.assert_held(project.client, session));
  TRY(write_audit(project, record, session));
  Changelog changelog(project.client, project.database, project.config.changelog_collection);
  if (decision.removes_entry) TRY(changelog.remove(decision.file, session));
  if (decision.new_entry) {
    TRY(changelog.add(*decision.new_entry, project.config.use_file_hash, session));
  }
  if (!decision.entry_hash.empty()) {
    TRY(changelog.set_hash(decision.file, decision.entry_hash, session));
  }
  if (!decision.run) return {};
  Runs runs(project.client, project.database);
  TRY(runs.save_steps(*decision.run, session));
  return runs.save_state(*decision.run, session);
}

/// Whoever lost the lock in the middle of this run can write for it no more.
Status end_run(Project& project, const Decision& decision) {
  if (!decision.run) return {};
  TRY(Ranges(project.client, project.database).fence(decision.run->id, decision.run->epoch));
  if (!decision.gives_up_quarantine) return {};
  return Quarantine(project.client, project.database).remove(decision.run->id);
}

Status carry_out(const UpSetting& setting, const ResolveOptions& options, Decision& decision) {
  TRY(ensure_state_collections(setting.project));
  if (decision.run) decision.run->epoch = setting.lock.epoch();
  AuditRecord record = record_of(options, decision);
  Status written = write_together(
      setting, [&](mongo::Session* session) { return write(setting, record, decision, session); });
  if (written) return end_run(setting.project, decision);
  (void)write_audit(setting.project, failed_record(std::move(record), written.error()));
  return std::move(written).error().or_hint("whimbrel status");
}

}  // namespace

std::string_view to_text(Resolution resolution) {
  if (resolution == Resolution::kApplied) return "applied";
  return resolution == Resolution::kPending ? "pending" : "accept-change";
}

Result<Resolved> resolve(Project& project, const ResolveOptions& options, Reporter& reporter,
                         Stop& stop) {
  Decision decision = TRY(decide(project, options));
  if (!decision.writes()) return Resolved{decision.file, false, decision.lines};
  Lock lock = TRY(acquire_lock(project, "resolve", options.lock_wait, reporter, stop));
  decision = TRY(decide(project, options));  // with the lock, it stays as it is
  UpSetting setting{project, lock, reporter, stop};
  if (decision.writes()) TRY(carry_out(setting, options, decision));
  TRY(lock.release());
  return Resolved{decision.file, decision.writes(), decision.lines};
}

}  // namespace whimbrel
