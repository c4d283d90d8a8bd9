#include <fmt/format.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/json_rows.h"
#include "flow/next_command.h"

namespace whimbrel {
namespace {

DownOptions options_of(const Arguments& arguments) {
  DownOptions options = arguments.down;
  options.overrides = arguments.overrides;
  options.lock_wait = arguments.wait;
  options.in_doubt = arguments.in_doubt;
  return options;
}

bool by_own_steps(const UndoItem& item) {
  return item.migration.down == DownKind::kSteps;
}

void print_items(const std::vector<UndoItem>& items) {
  fmt::print("Would undo {} migration{}. Nothing is changed by this command.\n", items.size(),
             items.size() == 1 ? "" : "s");
  for (const UndoItem& item : items) {
    fmt::print(
        "  {}{}: {}\n", item.migration.file, item.applied ? "" : " (open run)",
        by_own_steps(item)
            ? "by the file's own `down:` steps"
            : fmt::format("each step's own reverse; {} documents from a journal of {}",
                          with_commas(item.run.counts().modified), bytes_text(item.journal_bytes)));
  }
}

Result<int> dry_run(const Arguments& arguments, Project& project) {
  History history = TRY(read_history(project));
  auto items = TRY(choose_undo(project, history, options_of(arguments)));
  if (arguments.output == Output::kText) {
    print_items(items);
    return 0;
  }
  JsonRows rows(arguments.output, project.database, "down_plan", "migrations");
  for (const UndoItem& item : items) {
    rows.add({{"file", item.migration.file},
              {"state", item.applied ? "applied" : "interrupted"},
              {"by", by_own_steps(item) ? "down" : "journal"},
              {"documents", item.run.counts().modified},
              {"journalBytes", item.journal_bytes}});
  }
  return 0;
}

void say_conflicts(Reporter& reporter, const DownSummary& undone) {
  if (undone.conflicts == 0) return;
  reporter.say("warning",
               fmt::format("{} documents were changed since and are left as they are; they are "
                           "recorded in whimbrel_errors, for example:",
                           with_commas(undone.conflicts)));
  for (const std::string& example : undone.examples) reporter.say("info", "  " + example);
}

}  // namespace

Result<int> run_down(const Arguments& arguments) {
  Project project = TRY(open_project(arguments.sources));
  if (arguments.dry_run) return dry_run(arguments, project);
  TRY(require_confirmation(project.config, project.database,
                           ask_confirmation(arguments, project.config, project.database)));
  auto reporter = TRY(open_reporter(arguments, project.config, "down"));
  ShownScriptLines shown(*project.scripts, *reporter);
  DownSummary undone;
  auto started = std::chrono::steady_clock::now();
  Status done = down(project, options_of(arguments), *reporter, process_stop(), undone);
  Summary summary;
  summary.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  summary.applied = undone.undone;
  summary.documents.scanned = undone.restored + undone.conflicts;
  summary.documents.modified = undone.restored;
  summary.documents.conflicts = undone.conflicts;
  summary.exit = undone.conflicts > 0 ? kSomeLeft : 0;
  say_conflicts(*reporter, undone);
  if (!done) {
    summary.exit = exit_code(done.error().kind);
    reporter->say("error", redact_secrets(done.error().message, project.config.uri));
    reporter->say("info", "  next: " + next_command(done.error(), "down"));
  }
  reporter->summary(summary);
  return summary.exit;
}

}  // namespace whimbrel
