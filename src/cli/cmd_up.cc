#include <fmt/format.h>

#include <thread>

#include "base/text.h"
#include "cli/arguments_steering.h"
#include "cli/commands.h"
#include "flow/next_command.h"
#include "flow/plan_bond.h"

namespace whimbrel {
namespace {

/// Requests a stop when the time is up; ends with the command.
class Deadline {
 public:
  Deadline(std::chrono::milliseconds after, Stop& stop) {
    if (after.count() == 0) return;
    thread_ = std::jthread([after, &stop](const std::stop_token& ended) {
      auto end = std::chrono::steady_clock::now() + after;
      while (!ended.stop_requested() && std::chrono::steady_clock::now() < end) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
      }
      if (!ended.stop_requested()) stop.request(Stop::Reason::kTimeUp);
    });
  }

 private:
  std::jthread thread_;
};

bool selects(const Arguments& arguments) {
  const EngineOverrides& engine = arguments.overrides;
  return !arguments.selection.to.empty() || !arguments.selection.only.empty() || engine.workers ||
         engine.batch_docs || engine.max_errors || engine.max_errors_share;
}

Result<UpOptions> options_of(const Arguments& arguments) {
  UpOptions options;
  options.selection = arguments.selection;
  options.overrides = arguments.overrides;
  options.lock_wait = arguments.wait;
  options.in_doubt = arguments.in_doubt;
  if (arguments.limits.parallel) options.order = UpOptions::Order::kSideBySide;
  if (arguments.backup.first) options.backup = BackupFirst::kYes;
  if (arguments.plan_file.empty()) return options;
  if (selects(arguments)) {
    return Error{
        ErrorKind::kUsage,
        "--plan brings the options that it was made with; others cannot be given beside it",
        "whimbrel plan with these options and --out FILE, then: whimbrel up --plan FILE"};
  }
  SavedPlan plan = TRY(read_saved_plan(arguments.plan_file));
  options.selection = std::move(plan.selection);
  options.overrides = plan.overrides;
  options.bond = std::move(plan.bond);
  return options;
}

/// By the configuration, and what was typed over it.
Result<RunLimits> read_limits(const Arguments& arguments, Config& config) {
  const Arguments::Limits& typed = arguments.limits;
  if (!typed.nice.empty() && !apply_nice(typed.nice, config.engine, config.throttle)) {
    return Error{ErrorKind::kUsage,
                 fmt::format("--nice '{}' is none of gentle, normal, fast", typed.nice),
                 "whimbrel help up"};
  }
  RunLimits limits = limits_of(config);
  limits.windows = TRY(typed_windows(arguments)).value_or(config.windows);
  if (!typed.max_rate.empty()) TRY(apply_setting(limits.settings, "maxRate", typed.max_rate));
  if (!typed.max_ops.empty()) TRY(apply_setting(limits.settings, "maxOps", typed.max_ops));
  if (typed.no_wait) limits.held = RunLimits::Held::kEnds;
  return limits;
}

}  // namespace

Result<int> run_up(const Arguments& arguments) {
  if (arguments.dry_run) return run_plan(arguments);
  UpOptions options = TRY(options_of(arguments));
  Project project = TRY(open_project(arguments.sources));
  options.limits = TRY(read_limits(arguments, project.config));
  TRY(require_confirmation(project.config, project.database,
                           ask_confirmation(arguments, project.config, project.database)));
  auto reporter = TRY(open_reporter(arguments, project.config, "up"));
  ShownScriptLines shown(*project.scripts, *reporter);
  Stop& stop = process_stop();
  Deadline deadline(arguments.max_time, stop);
  Summary summary;
  auto started = std::chrono::steady_clock::now();
  Status done = up(project, options, *reporter, stop, summary);
  summary.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  summary.exit = summary.documents.quarantined > 0 ? kSomeLeft : 0;
  if (!done) {
    summary.exit = exit_code(done.error().kind);
    reporter->say("error", redact_secrets(done.error().message, project.config.uri));
    reporter->say("info", "  next: " + next_command(done.error(), "up"));
  }
  reporter->summary(summary);
  return summary.exit;
}

}  // namespace whimbrel
