#include "flow/unlock.h"

#include "flow/audited.h"

namespace whimbrel {

Status unlock(Project& project, const LockHolder& holder, UnlockBy by) {
  AuditRecord record;
  record.action = AuditAction::kUnlock;
  if (by == UnlockBy::kForce) record.options.append("force", true);
  record.message = "it was held by " + holder.text();
  TRY(write_audit(project, record));
  auto broken = break_lock(project.client, project.lock_place());
  if (broken) return {};
  (void)write_audit(project, failed_record(std::move(record), broken.error()));
  return std::move(broken).error();
}

}  // namespace whimbrel
