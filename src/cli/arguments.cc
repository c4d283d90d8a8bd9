#include "cli/arguments.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "base/text.h"
#include "cli/arguments_operations.h"
#include "cli/arguments_steering.h"
#include "cli/backup_arguments.h"

namespace whimbrel {
namespace {

/// What CLI11 fills in; values that need a parser of our own stay text until then.
struct Raw {
  Arguments arguments;
  std::string output, progress, wait, max_errors, max_time, workers, interrupted_command;
  int batch_docs = 0;
  bool show_version = false;
};

void add_global_flags(CLI::App& app, Raw& raw) {
  ConfigSources& sources = raw.arguments.sources;
  app.add_option("-C,--directory", sources.directory,
                 "project directory instead of the current one");
  app.add_option("-f,--file", sources.file, "configuration file instead of whimbrel.yaml");
  app.add_option("-e,--env", sources.environment,
                 "environment of the configuration (also WHIMBREL_ENV, NODE_ENV)");
  app.add_option("--uri", sources.uri, "connection string; better kept in WHIMBREL_URI or a file");
  app.add_option("--uri-file", sources.uri_file, "file with the connection string");
  app.add_option("-d,--db", sources.database, "database");
  app.add_option("-o,--output", raw.output,
                 "text, json or ndjson; checklist and report also markdown, report html");
  app.add_option("--progress", raw.progress, "live, plain, none, or seconds between plain lines");
  app.add_option("--confirm", raw.arguments.confirm, "database name, for protected environments");
  app.add_option("--wait", raw.wait, "how long to wait for the lock, for example 10m");
  app.add_flag("--no-input", raw.arguments.no_input, "never ask; fail instead");
  app.add_flag("-q,--quiet", raw.arguments.quiet, "no progress and no talk");
  app.add_flag("-V,--version", raw.show_version, "print the version");
}

void add_lane_flags(CLI::App& command, Raw& raw) {
  command.add_option("--workers", raw.workers, "lanes: a number, or auto");
  command.add_option("--batch-docs", raw.batch_docs, "most documents of one batch")
      ->check(CLI::Range(1, 100000));
  command.add_option("--max-errors", raw.max_errors,
                     "documents that may go to quarantine: 10, or 0.1%");
}

void add_engine_flags(CLI::App& command, Raw& raw) {
  command.add_option("--to", raw.arguments.selection.to, "the last migration to apply");
  command.add_option("--only", raw.arguments.selection.only,
                     "only migrations whose file name matches this glob");
  add_lane_flags(command, raw);
}

CLI::App* add_trial(CLI::App& app, Raw& raw, const std::string& name, const std::string& what) {
  auto* command = app.add_subcommand(name, what);
  command->add_option("migration", raw.arguments.words, "which one; else all that are pending");
  command->add_option("--docs", raw.arguments.docs, "documents of each collection: 10, or 1000")
      ->check(CLI::Range(1, 10'000'000));
  add_lane_flags(*command, raw);
  return command;
}

void add_commands(CLI::App& app, Raw& raw) {
  Arguments& arguments = raw.arguments;
  auto* init = app.add_subcommand("init", "write a configuration and the migrations directory");
  init->add_option("-m,--module", arguments.module,
                   "commonjs (the default), esm or ts for migrate-mongo-config.js; yaml for "
                   "whimbrel.yaml");
  auto* create = app.add_subcommand("create", "write a new migration file");
  create->add_option("description", arguments.words, "what it does, in a few words");
  create->add_option("--kind", arguments.kind, "js, ts or yaml; else as the project has it");
  create->add_flag("--document", arguments.document, "the template of a document migration");
  auto* status = app.add_subcommand("status", "every migration with its state; who holds the lock");
  status->add_flag("--exit-code", arguments.exit_code, "exit with 2 when something is pending");
  auto* plan = app.add_subcommand("plan", "what `up` would do; writes nothing");
  add_engine_flags(*plan, raw);
  plan->add_option("--out", arguments.out_file, "write the plan to this file, for `up --plan`");
  add_end_flags(*plan, arguments, raw.max_time);
  auto* up = app.add_subcommand("up", "apply what is pending, resume what is open");
  add_engine_flags(*up, raw);
  up->add_option("--plan", arguments.plan_file,
                 "do what this plan says, with its options; refused when something changed since");
  up->add_flag("--dry-run", arguments.dry_run, "the same as `plan`");
  up->add_option("--log-file", arguments.log_file,
                 "log file instead of logs/whimbrel-<utc>-<run>.log");
  up->add_flag("--backup", arguments.backup.first, "make a backup of what it touches first");
  up->add_flag("--detach", arguments.detach,
               "go into the background once the lock is held and the work begins");
  up->add_option("--max-time", raw.max_time, "stop after this time, resumably");
  up->add_option("--interrupted-command", raw.interrupted_command,
                 "redo or skip a script or a `command` step whose outcome an interruption hid");
  add_limit_flags(*up, arguments);
  auto* test =
      add_trial(app, raw, "test", "phase 1: try it on a few documents in a scratch database");
  test->add_flag("--watch", arguments.watch, "again whenever a source of the project is saved");
  auto* rehearse = add_trial(app, raw, "rehearse",
                             "phase 2: try it on a sample, measure it, and estimate the whole");
  rehearse->add_flag("--full", arguments.full, "copy the whole collections instead of a sample");
  auto* down = app.add_subcommand("down", "undo the last applied migration, or an open run");
  down->add_option("--steps", arguments.down.steps, "how many migrations")
      ->check(CLI::Range(1, 100000));
  down->add_option("--to", arguments.down.to, "undo everything applied after this one");
  down->add_flag("-b,--block", arguments.down.block, "undo all that the same `up` applied");
  down->add_flag("--dry-run", arguments.dry_run, "say what would be undone; writes nothing");
  down->add_option("--workers", raw.workers, "lanes: a number, or auto");
  down->add_option("--log-file", arguments.log_file, "log file");
  down->add_option("--interrupted-command", raw.interrupted_command,
                   "redo or skip a `down` whose outcome an interruption hid");
}

/// Of commands that read the text of migrations.
void add_reading_commands(CLI::App& app, Raw& raw) {
  Arguments& arguments = raw.arguments;
  auto* lint = app.add_subcommand(
      "lint", "what is likely to go wrong with migrations, told from their text; runs nothing");
  lint->add_option("migrations", arguments.words, "which ones, applied or not; else all pending");
  lint->add_flag("--strict", arguments.strict, "exit with 1 for warnings, too");
  auto* explain = app.add_subcommand("explain", "what a rule of `lint` means, with examples");
  explain->add_option("code", arguments.words, "its code, as W001; else all codes");
}

/// Of commands that look at, or mend, what earlier ones left.
void add_later_commands(CLI::App& app, Raw& raw) {
  Arguments& arguments = raw.arguments;
  auto* verify = app.add_subcommand(
      "verify", "phase 3, afterwards: checks, what still matches, documents against the journal");
  verify->add_option("migration", arguments.words, "which one; else the one applied last");
  verify->add_option("--docs", arguments.docs, "documents of each step's journal: 1000")
      ->check(CLI::Range(1, 1'000'000'000));
  verify->add_flag("--full", arguments.full, "all documents of the journal");
  auto* evidence = app.add_subcommand(
      "evidence", "what test, rehearse and verify found; carry it to another database");
  evidence->add_option("action", arguments.words,
                       "list [NAME] (the default), export [NAME], or import FILE");
  evidence->add_option("--out", arguments.out_file, "file to export to instead of stdout");
  auto* checklist = app.add_subcommand(
      "checklist", "what to do before, during and after; with evidence, or a person's word");
  checklist->add_option("action", arguments.words,
                        "[NAME], or tick ITEM [NAME], or untick ITEM [NAME]");
  checklist->add_option("--note", arguments.note, "of a tick: what was done, where it is");
  checklist->add_flag("--runbook", arguments.runbook,
                      "the whole procedure as Markdown, with the real commands");
  auto* report = app.add_subcommand("report", "what a run did, as text, JSON, Markdown or HTML");
  report->add_option("migration", arguments.words, "which one; else the one that ran last");
  report->add_option("--out", arguments.out_file, "file to write to instead of stdout");
  auto* errors = app.add_subcommand("errors", "documents in quarantine; try them again");
  errors->add_option("migration", arguments.words, "only this migration's");
  errors->add_flag("--group", arguments.group, "by reason, with the number of documents");
  errors->add_option(
      "--export", arguments.export_file,
      "write them with their pre-images to this file, one JSON a line; - for stdout");
  errors->add_flag("--retry", arguments.retry, "try them again, with journal and checkpoint");
  errors->add_option("--workers", raw.workers, "lanes: a number, or auto");
  errors->add_option("--log-file", arguments.log_file, "log file of --retry");
  auto* history = app.add_subcommand("history", "who did what when, oldest first");
  history->add_option("migration", arguments.words, "only what was done with this one");
  auto* resolve =
      app.add_subcommand("resolve", "say what is true of a migration; no document is touched");
  resolve->add_option("migration", arguments.words, "which one");
  resolve->add_flag("--applied", arguments.applied,
                    "it counts as applied: somebody did its work by hand");
  resolve->add_flag("--pending", arguments.pending,
                    "it counts as not applied: nothing is undone, the next `up` starts afresh");
  resolve->add_flag("--accept-change", arguments.accept_change,
                    "its file was changed since it was applied, or under its open run, on purpose");
  auto* logs = app.add_subcommand("logs", "the newest log file; -f follows it while it is written");
  logs->add_flag("-f,--follow", arguments.follow, "go on with what is written, to the run's end");
  logs->add_option("--run", arguments.run, "another run's: the part of its name before .log");
  auto* notify = app.add_subcommand("notify", "`notify test` sends a test event to each receiver");
  notify->add_option("action", arguments.words, "test");
  notify->add_option("--event", arguments.event,
                     "started, paused, resumed, failed, finished (the default) or quarantine");
  auto* unlock = app.add_subcommand("unlock", "remove the lock of a dead process");
  unlock->add_flag("--force", arguments.force, "even if its owner was heard of lately");
  app.add_subcommand("version", "print the version");
  auto* help = app.add_subcommand(
      "help", "help on a command, or on: exit-codes, files, config, environment, steering");
  help->add_option("topic", arguments.words, "a command or a topic");
}

std::unique_ptr<CLI::App> build(Raw& raw) {
  auto app = std::make_unique<CLI::App>("whimbrel runs MongoDB migrations", "whimbrel");
  app->set_help_flag();
  app->require_subcommand(0, 1);  // a second one's name is a word like any other: `tick verify`
  add_global_flags(*app, raw);
  add_commands(*app, raw);
  add_reading_commands(*app, raw);
  add_later_commands(*app, raw);
  add_steering_commands(*app, raw.arguments);
  add_operations_commands(*app, raw.arguments);
  add_backup_commands(*app, raw.arguments, raw.workers);
  for (CLI::App* command : app->get_subcommands({})) {
    command->fallthrough();
    command->allow_extras();
    command->set_help_flag();
    command->add_flag("-h,--help", raw.arguments.help, "this text");
  }
  app->add_flag("-h,--help", raw.arguments.help, "this text");
  app->allow_extras();
  return app;
}

std::vector<std::string> flags_of(const CLI::App& app) {
  std::vector<std::string> flags;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
  }
  return flags;
}

Error usage(std::string message, const std::string& command) {
  return Error{ErrorKind::kUsage, std::move(message),
               command.empty() ? "whimbrel help" : "whimbrel help " + command};
}

Status check_leftovers(const CLI::App& app, const CLI::App* command) {
  std::vector<std::string> left = app.remaining(true);
  std::string name = command ? command->get_name() : "";
  if (left.empty()) return {};
  if (left.front().starts_with("-")) {
    std::vector<std::string> flags = flags_of(app);
    if (command) {
      for (std::string& flag : flags_of(*command)) flags.push_back(std::move(flag));
    }
    std::string word = left.front().substr(0, left.front().find('='));
    return usage(fmt::format("unknown flag '{}'{}", word, did_you_mean(word, flags)), name);
  }
  if (command) return usage(fmt::format("{} takes no argument '{}'", name, left.front()), name);
  auto names = command_names();
  return usage(
      fmt::format("unknown command '{}'{}", left.front(), did_you_mean(left.front(), names)), "");
}

Result<Output> parse_output(std::string text, const std::string& command) {
  if (text.empty()) {
    const char* variable = std::getenv("WHIMBREL_OUTPUT");
    text = variable ? variable : "text";
  }
  if (text == "text" || text.empty()) return Output::kText;
  if (text == "json") return Output::kJson;
  if (text == "ndjson") return Output::kNdjson;
  bool report = command == "report";
  if (text == "markdown" && (report || command == "checklist")) return Output::kMarkdown;
  if (text == "html" && report) return Output::kHtml;
  return usage(fmt::format("--output '{}' is none of text, json, ndjson", text), "");
}

Result<std::optional<ProgressStyle>> parse_progress(const std::string& text) {
  if (text.empty()) return std::optional<ProgressStyle>();
  ProgressStyle style;
  if (text == "live") style.kind = ProgressStyle::Kind::kLive;
  else if (text == "none") style.kind = ProgressStyle::Kind::kNone;
  else if (text != "plain") {
    auto seconds = parse_count(text);
    if (!seconds || *seconds == 0) {
      return usage(fmt::format("--progress '{}' is none of live, plain, none, SECONDS", text), "");
    }
    style.interval = std::chrono::seconds(*seconds);
  }
  return std::optional<ProgressStyle>(style);
}

Result<std::chrono::milliseconds> parse_flag_duration(const std::string& flag,
                                                      const std::string& text) {
  if (text.empty()) return std::chrono::milliseconds(0);
  auto duration = parse_duration(text);
  if (duration) return duration;
  return usage(fmt::format("{}: {}", flag, duration.error().message), "");
}

Status parse_max_errors(const std::string& text, EngineOverrides& overrides) {
  if (text.empty()) return {};
  bool share = text.ends_with("%");
  std::string number = share ? text.substr(0, text.size() - 1) : text;
  char* end = nullptr;
  double value = std::strtod(number.c_str(), &end);
  bool whole = share || value == static_cast<double>(static_cast<int64_t>(value));
  if (number.empty() || *end || value < 0 || !whole || (share && value > 100)) {
    return usage(fmt::format("--max-errors '{}' is neither a count nor a share such as 0.1%", text),
                 "");
  }
  if (share) overrides.max_errors_share = value / 100;
  else overrides.max_errors = static_cast<int64_t>(value);
  return {};
}

Status parse_workers(const std::string& text, EngineOverrides& overrides) {
  if (text.empty()) return {};
  auto number = text == "auto" ? Result<int64_t>(0) : parse_count(text);
  bool good = number && (text == "auto" || (*number >= 1 && *number <= 64));
  if (!good)
    return usage(fmt::format("--workers '{}' is neither auto nor a number from 1 to 64", text), "");
  overrides.workers = static_cast<int>(*number);
  return {};
}

Result<Arguments> finish(Raw raw) {
  Arguments& arguments = raw.arguments;
  arguments.output = TRY(parse_output(raw.output, arguments.command));
  arguments.progress = TRY(parse_progress(raw.progress));
  arguments.wait = TRY(parse_flag_duration("--wait", raw.wait));
  arguments.max_time = TRY(parse_flag_duration("--max-time", raw.max_time));
  TRY(parse_max_errors(raw.max_errors, arguments.overrides));
  TRY(parse_workers(raw.workers, arguments.overrides));
  if (raw.batch_docs > 0) arguments.overrides.batch_docs = raw.batch_docs;
  const std::string& in_doubt = raw.interrupted_command;
  if (in_doubt == "redo") arguments.in_doubt = InDoubt::kRedo;
  else if (in_doubt == "skip") arguments.in_doubt = InDoubt::kSkip;
  else if (!in_doubt.empty()) {
    return usage(fmt::format("--interrupted-command '{}' is neither redo nor skip", in_doubt),
                 arguments.command);
  }
  if (const char* no_input = std::getenv("WHIMBREL_NO_INPUT"); no_input && *no_input) {
    arguments.no_input = true;
  }
  if (raw.show_version) arguments.command = "version";
  return std::move(arguments);
}

}  // namespace

Result<Arguments> parse_arguments(int argc, char** argv) {
  Raw raw;
  if (argc > 1 && std::string_view(argv[1]) == "help") {
    // What follows is the name of a command, not a second command.
    raw.arguments.command = "help";
    if (argc > 2) raw.arguments.words = {argv[2]};
    return finish(std::move(raw));
  }
  auto app = build(raw);
  try {
    app->parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    auto parsed = app->get_subcommands();
    return usage(error.what(), parsed.empty() ? "" : parsed.front()->get_name());
  }
  auto parsed = app->get_subcommands();
  const CLI::App* command = parsed.empty() ? nullptr : parsed.front();
  TRY(check_leftovers(*app, command));
  if (command) raw.arguments.command = command->get_name();
  return finish(std::move(raw));
}

std::string help_text(const std::string& command) {
  Raw raw;
  auto app = build(raw);
  if (command.empty()) return app->help();
  return app->get_subcommand(command)->help("whimbrel");
}

std::vector<std::string> command_names() {
  return {"init",   "create",  "status",  "plan",     "lint",      "explain", "test",   "rehearse",
          "up",     "down",    "verify",  "evidence", "checklist", "report",  "pause",  "resume",
          "cancel", "set",     "watch",   "monitor",  "logs",      "notify",  "errors", "history",
          "backup", "restore", "resolve", "unlock",   "version",   "help"};
}

}  // namespace whimbrel
