#include "whimbrel/main.h"

#include <fmt/format.h>
#include <malloc.h>

#include <cstdio>
#include <exception>
#include <map>

#include "base/stop.h"
#include "base/text.h"
#include "cli/argv_secrets.h"
#include "cli/commands.h"
#include "cli/compat_main.h"
#include "cli/detach.h"

namespace whimbrel {
namespace {

using Command = Result<int> (*)(const Arguments&);

const std::map<std::string, Command>& commands() {
  static const std::map<std::string, Command> table = {
      {"init", run_init},         {"create", run_create},
      {"status", run_status},     {"plan", run_plan},
      {"lint", run_lint},         {"explain", run_explain},
      {"test", run_test},         {"rehearse", run_rehearse},
      {"verify", run_verify},     {"up", run_up},
      {"down", run_down},         {"checklist", run_checklist},
      {"evidence", run_evidence}, {"report", run_report},
      {"pause", run_pause},       {"resume", run_resume},
      {"cancel", run_cancel},     {"set", run_set},
      {"watch", run_watch},       {"errors", run_errors},
      {"history", run_history},   {"resolve", run_resolve},
      {"unlock", run_unlock},     {"monitor", run_monitor},
      {"backup", run_backup},     {"restore", run_restore},
      {"logs", run_logs},         {"notify", run_notify},
      {"version", run_version},   {"help", run_help}};
  return table;
}

/// Whoever reads the output of `up` and `down` as JSON finds the last object there also when they
/// did not come to begin.
void end_output(const Arguments& arguments, const Error& error) {
  bool runs = arguments.command == "up" || arguments.command == "down";
  if (!runs || arguments.dry_run) return;
  Summary summary;
  summary.exit = exit_code(error.kind);
  print_summary(arguments.output, summary);
}

Result<int> dispatch(int argc, char** argv) {
  auto parsed = parse_arguments(argc, argv);
  if (hide_passwords(argc, argv) && !(parsed && parsed->quiet)) {
    fmt::print(stderr,
               "warning: the password in --uri stood in the process list until now; better keep it "
               "in WHIMBREL_URI, mongodb.uriFile or --uri-file\n");
  }
  Arguments arguments = TRY(std::move(parsed));
  if (arguments.help) {
    arguments.words = {arguments.command};
    arguments.command = "help";
  }
  if (arguments.command.empty()) {
    fmt::print(stderr, "{}", help_text(""));
    return exit_code(ErrorKind::kUsage);
  }
  Command command = commands().at(arguments.command);
  auto done = arguments.detach ? run_detached(arguments, command) : command(arguments);
  if (!done) end_output(arguments, done.error());
  if (!done) notify_of_refusal(arguments, done.error());
  return done;
}

}  // namespace

int print_error(const Error& error) {
  fmt::print(stderr, "error: {}\n", error.message);
  if (!error.hint.empty()) fmt::print(stderr, "  next: {}\n", error.hint);
  return exit_code(error.kind);
}

int main(int argc, char** argv) {
  // The buffers of batches, commands and replies go back to the system when they are freed; by
  // default their first release makes malloc keep them (mallopt(3)), a set for each lane. Measured
  // with two lanes and batches of 8 MiB: 45 to 62 MiB at the peak with a threshold of 2 MiB, 39 to
  // 60 MiB with this one.
  mallopt(M_MMAP_THRESHOLD, 512 << 10);
  mallopt(M_TRIM_THRESHOLD, 2 << 20);
  install_signal_handlers();
  try {
    if (is_compat_call(argc, argv)) {
      int code = compat_main(argc, argv);
      std::fflush(stdout);
      return code;
    }
    auto code = dispatch(argc, argv);
    std::fflush(stdout);
    return code ? *code : print_error(code.error());
  } catch (const std::exception& bug) {
    return print_error(
        Error{ErrorKind::kBug, fmt::format("this is a bug in whimbrel: {}", bug.what()),
              "please report it; the database is as a crash would leave it: whimbrel status"});
  }
}

}  // namespace whimbrel
