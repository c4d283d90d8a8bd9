#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/detach.h"
#include "mongo/bson.h"

namespace whimbrel {
namespace {

bool set(const char* variable) {
  const char* value = std::getenv(variable);
  return value && *value;
}

ProgressStyle default_progress() {
  ProgressStyle style;
  const char* term = std::getenv("TERM");
  bool dumb = term && std::string_view(term) == "dumb";
  if (isatty(STDERR_FILENO) && !set("CI") && !dumb) style.kind = ProgressStyle::Kind::kLive;
  return style;
}

std::string log_path(const Arguments& arguments, const Config& config, const std::string& run) {
  if (!arguments.log_file.empty()) return arguments.log_file;
  std::string stamp = file_stamp(wall_clock());
  return (std::filesystem::path(config.directory) / "logs" /
          fmt::format("whimbrel-{}-{}.log", stamp, run))
      .lexically_normal();
}

NoticeOptions notices_of(const Config& config) {
  NoticeOptions notices;
  notices.receivers = config.notify.receivers;
  notices.database = config.database;
  notices.environment = config.environment;
  notices.uri = config.uri;
  notices.directory = config.directory;
  notices.run = mongo::new_object_id().substr(16);
  return notices;
}

}  // namespace

bool can_ask(const Arguments& arguments) {
  return !arguments.no_input && !set("CI") && isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

std::string ask_confirmation(const Arguments& arguments, const Config& config,
                             const std::string& database) {
  bool needed = config.is_protected && arguments.confirm.empty();
  if (!needed || !can_ask(arguments)) return arguments.confirm;
  fmt::print(stderr, "{} is protected. Type the database name ({}) to go on: ", config.environment,
             database);
  std::string typed;
  std::getline(std::cin, typed);
  return typed;
}

ShownScriptLines::ShownScriptLines(Scripts& scripts, Reporter& reporter) : scripts_(scripts) {
  scripts.talk_to([&](node::Stream stream, std::string_view migration, std::string_view line) {
    reporter.script_line(stream == node::Stream::kErr, migration, line);
  });
}

Status check_receivers(const Config& config) {
  if (config.notify.problems.empty()) return {};
  return Error{ErrorKind::kBadConfig, config.notify.problems,
               "set the variables, or correct the file; 'whimbrel help config' lists the keys"};
}

Result<std::unique_ptr<Reporter>> open_reporter(const Arguments& arguments, const Config& config,
                                                const std::string& command) {
  TRY(check_receivers(config));
  Reporter::Options options;
  options.output = arguments.output;
  options.progress = arguments.progress.value_or(default_progress());
  if (arguments.quiet) options.progress.kind = ProgressStyle::Kind::kNone;
  options.notices = notices_of(config);
  options.log_file = log_path(arguments, config, options.notices.run);
  options.log = config.log;
  options.command = command;
  if (arguments.detach) {
    options.progress.kind = ProgressStyle::Kind::kNone;
    options.on_start = [log = options.log_file](size_t to_do) { leave_parent(to_do, log); };
  }
  options.quiet = arguments.quiet;
  return Reporter::open(options);
}

Result<std::unique_ptr<Reporter>> open_quiet_reporter(const Arguments& arguments,
                                                      const std::string& command) {
  Reporter::Options options;
  options.command = command;
  options.quiet = arguments.quiet;
  if (arguments.progress) options.progress = *arguments.progress;
  if (arguments.quiet) options.progress.kind = ProgressStyle::Kind::kNone;
  return Reporter::open(options);
}

}  // namespace whimbrel
