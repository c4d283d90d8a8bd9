#include "flow/runbook.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "flow/checklist.h"
#include "flow/next_command.h"
#include "flow/plan.h"

namespace whimbrel {
namespace {

/// What every command of the runbook begins with, and what `up` and `down` end with.
struct Commands {
  std::string whimbrel, confirm;
};

Commands commands_of(const Project& project) {
  const Config& config = project.config;
  Commands commands;
  commands.whimbrel = whimbrel_in(config);
  if (config.is_protected) commands.confirm = " --confirm " + project.database;
  return commands;
}

std::string block(const std::vector<std::string>& lines) {
  return "```\n" + join(lines, "\n") + "\n```\n";
}

std::string heading(const UpPlan& plan) {
  std::string environment =
      plan.environment.empty() ? "" : fmt::format(", environment `{}`", plan.environment);
  return fmt::format("# Runbook: migrating `{}`\n\nMongoDB {} ({}){}.\n", plan.database,
                     plan.server, plan.topology, environment);
}

std::string step_text(const PlannedStep& step, const std::string& file) {
  std::string text = fmt::format("- `{}`{}", step.kind,
                                 step.collection.empty() ? "" : " `" + step.collection + "`");
  if (!step.target.empty()) text += fmt::format(" to `{}`", step.target);
  if (step.is_document_step) {
    text += step.matched ? fmt::format(": {} of {} documents", with_commas(*step.matched),
                                       with_commas(step.documents))
                         : fmt::format(": of {} documents", with_commas(step.documents));
  }
  text += fmt::format("; undone by: {}\n", step.down);
  for (const std::string& warning : step.warnings) {
    text += fmt::format("  - warning: {} ({})\n", warning, file);
  }
  return text;
}

std::string estimate_of(const Checklist& list) {
  for (const ChecklistItem& item : list.items) {
    if (item.name == "estimate" && !item.evidence.empty()) return item.evidence;
  }
  return "not known yet: rehearse it";
}

std::string what_it_does(const UpPlan& plan, const std::vector<Checklist>& lists) {
  std::string text = "\n## What it does\n";
  for (const PlannedMigration& migration : plan.migrations) {
    text += fmt::format("\n### `{}`\n\n", migration.file);
    if (!migration.description.empty()) text += migration.description + "\n\n";
    for (const PlannedStep& step : migration.steps) text += step_text(step, migration.file);
    for (const Checklist& list : lists) {
      if (list.migration == migration.file) text += "\nHow long: " + estimate_of(list) + "\n";
    }
  }
  return text;
}

std::string before(const UpPlan& plan, const Commands& commands) {
  std::string text = "\n## Before\n\n";
  std::vector<std::string> lines;
  for (const PlannedMigration& migration : plan.migrations) {
    for (const char* phase : {"test", "rehearse"}) {
      lines.push_back(fmt::format("{} {} {}", commands.whimbrel, phase, migration.file));
    }
    lines.push_back(fmt::format("{} checklist tick backup {} --note \"where it is\"",
                                commands.whimbrel, migration.file));
  }
  lines.push_back(commands.whimbrel + " plan");
  lines.push_back(commands.whimbrel + " checklist");
  return text + block(lines) + "\n`checklist` must end without a required item that is open.\n";
}

std::string during(const std::string& selection, const Commands& commands) {
  return "\n## During\n\n" + block({commands.whimbrel + " up" + selection + commands.confirm}) +
         fmt::format(
             "\nFrom another terminal:\n\n{}"
             "\nStop it with Ctrl-C: running batches are finished and saved. Go on with the "
             "same `up`, from any host.\nAfter a crash or `kill -9`: the same `up` again; it "
             "waits for nothing and loses nothing.\n",
             block({commands.whimbrel + " status", commands.whimbrel + " errors --group"}));
}

std::string when_it_fails(const UpPlan& plan, const Commands& commands) {
  std::string down = fmt::format("{} down --steps {}{}", commands.whimbrel, plan.migrations.size(),
                                 commands.confirm);
  std::string text =
      "\n## When it does not go well\n\n"
      "| exit code | meaning | what to do |\n|---|---|---|\n"
      "| 1 | it failed; what is done is kept | read the message, mend the cause, `up` again |\n"
      "| 3 | done, but documents are in quarantine | `errors --group`, mend them, `errors --retry` "
      "|\n"
      "| 4 | stopped by a limit | `up` again |\n"
      "| 69 | no server answers | `up` again when it does |\n"
      "| 75 | another process holds the lock | `status` says who |\n"
      "\nBack to where it was:\n\n";
  text += block({commands.whimbrel + " down --dry-run", down});
  bool one_way = false;
  for (const PlannedMigration& migration : plan.migrations) {
    one_way =
        one_way || std::any_of(migration.steps.begin(), migration.steps.end(),
                               [](const auto& step) { return step.down.starts_with("nothing"); });
  }
  if (one_way) text += "\n**Not every step can be undone: beyond it, only the backup helps.**\n";
  return text;
}

std::string after(const UpPlan& plan, const Commands& commands) {
  std::vector<std::string> lines;
  for (const PlannedMigration& migration : plan.migrations) {
    lines.push_back(fmt::format("{} verify {}", commands.whimbrel, migration.file));
    lines.push_back(fmt::format("{} checklist {}", commands.whimbrel, migration.file));
  }
  lines.push_back(commands.whimbrel + " history");
  return "\n## After\n\n" + block(lines);
}

constexpr const char* kContacts =
    "\n## Who\n\n| role | name | reachable at |\n|---|---|---|\n"
    "| runs it | | |\n| on standby | | |\n| knows the application | | |\n| decides to go back | | "
    "|\n";

}  // namespace

Result<std::string> runbook(Project& project, const std::string& name,
                            const EngineOverrides& overrides) {
  auto lists = TRY(read_checklists(project, name));
  Selection selection;
  std::string given;
  if (!name.empty() && !lists.empty()) {
    selection.only = lists.front().migration;
    given = " --only " + selection.only;
  }
  UpPlan plan = TRY(plan_up(project, selection, overrides, {}));
  if (plan.migrations.empty()) {
    return Error{ErrorKind::kNotFound, "nothing is pending: a runbook is about what `up` will do",
                 "whimbrel status"};
  }
  Commands commands = commands_of(project);
  return heading(plan) + what_it_does(plan, lists) + before(plan, commands) +
         during(given, commands) + when_it_fails(plan, commands) + after(plan, commands) +
         kContacts;
}

}  // namespace whimbrel
