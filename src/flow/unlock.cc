#include "flow/unlock.h"

#include <fmt/format.h>

#include "flow/audited.h"

namespace whimbrel {

namespace {

Error changed_hands(const Project& project) {
  return Error{
      ErrorKind::kLockHeld,
      fmt::format("the lock of {} has changed hands since it was shown; nothing was removed",
                  project.database),
      "whimbrel status"};
}

}  // namespace

Status unlock(Project& project, const LockHolder& holder, UnlockBy by) {
  AuditRecord record;
  record.action = AuditAction::kUnlock;
  if (by == UnlockBy::kForce) record.options.append("force", true);
  record.message = "it was held by " + holder.text();
  TRY(write_audit(project, record));
  auto broken = break_lock(project.client, project.lock_place(), holder);
  if (broken && *broken) return {};
  if (broken) broken = changed_hands(project);
  (void)write_audit(project, failed_record(std::move(record), broken.error()));
  return std::move(broken).error();
}

}  // namespace whimbrel
