#include "flow/backup_before.h"

#include <fmt/format.h>

#include <algorithm>

#include "flow/backup.h"
#include "flow/backup_scope.h"
#include "flow/gate.h"

namespace whimbrel {

bool backs_up_first(const Config& config) {
  const auto& names = config.backup.before;
  return !config.environment.empty() &&
         std::find(names.begin(), names.end(), config.environment) != names.end();
}

Status backup_before(Project& project, const std::vector<const Migration*>& migrations, bool asked,
                     Reporter& reporter, const Stop& stop) {
  if (migrations.empty() || !(asked || backs_up_first(project.config))) return {};
  TRY(check_gate_but_backup(project, migrations));
  BackupRequest request;
  request.before = migrations;
  request.missing_is_error = false;
  auto touched = touched_by(migrations);
  if (touched) request.wanted = std::move(*touched);
  else reporter.say("info", touched.error().message + ": the whole database is backed up");
  Progress progress;
  reporter.step_started(migrations.front()->file, "backup", progress);
  auto made = make_backup(project, request, progress, stop);
  reporter.step_ended();
  if (!made) return std::move(made).error().while_doing("the backup before `up`");
  for (const std::string& note : made->notes) reporter.say("info", note);
  reporter.say("info", fmt::format("backed up {} to {}", summary_of(made->manifest), made->path));
  return {};
}

}  // namespace whimbrel
