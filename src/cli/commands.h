// Every command: takes parsed arguments, prints, returns the exit code or an Error.
#pragma once

#include "cli/arguments.h"

namespace whimbrel {

/// The exit code of a command that did its work but had to leave documents out: in quarantine, or
/// changed since.
inline constexpr int kSomeLeft = 3;

Result<int> run_init(const Arguments& arguments);
Result<int> run_create(const Arguments& arguments);
Result<int> run_status(const Arguments& arguments);
Result<int> run_plan(const Arguments& arguments);
Result<int> run_lint(const Arguments& arguments);
Result<int> run_explain(const Arguments& arguments);
Result<int> run_test(const Arguments& arguments);
Result<int> run_rehearse(const Arguments& arguments);
Result<int> run_verify(const Arguments& arguments);
Result<int> run_checklist(const Arguments& arguments);
Result<int> run_report(const Arguments& arguments);
Result<int> run_evidence(const Arguments& arguments);
Result<int> run_up(const Arguments& arguments);
Result<int> run_down(const Arguments& arguments);
Result<int> run_pause(const Arguments& arguments);
Result<int> run_resume(const Arguments& arguments);
Result<int> run_cancel(const Arguments& arguments);
Result<int> run_set(const Arguments& arguments);
Result<int> run_watch(const Arguments& arguments);
Result<int> run_errors(const Arguments& arguments);
Result<int> run_history(const Arguments& arguments);
Result<int> run_resolve(const Arguments& arguments);
Result<int> run_backup(const Arguments& arguments);
Result<int> run_restore(const Arguments& arguments);
Result<int> run_logs(const Arguments& arguments);
Result<int> run_notify(const Arguments& arguments);
Result<int> run_unlock(const Arguments& arguments);
Result<int> run_monitor(const Arguments& arguments);
Result<int> run_version(const Arguments& arguments);
Result<int> run_help(const Arguments& arguments);

/// Tells receivers of `notify:` that `up` or `down` came to nothing before its log began: no
/// server, a bad configuration of it. Warnings go to stderr.
void notify_of_refusal(const Arguments& arguments, const Error& error);

/// The one place that prints an Error: on stderr, with the next command; its exit code.
int print_error(const Error& error);

/// Asks on the terminal for the database's name where that is needed and possible; what was typed,
/// or what --confirm gave.
std::string ask_confirmation(const Arguments& arguments, const Config& config,
                             const std::string& database);

/// Whether a person sits there: stdin and stderr are terminals, and nothing forbids asking.
bool can_ask(const Arguments& arguments);

/// While it lives, what the user's code prints goes to `reporter`.
class ShownScriptLines {
 public:
  ShownScriptLines(Scripts& scripts, Reporter& reporter);
  ~ShownScriptLines() { scripts_.talk_to({}); }
  ShownScriptLines(const ShownScriptLines&) = delete;
  ShownScriptLines& operator=(const ShownScriptLines&) = delete;

 private:
  Scripts& scripts_;
};

/// kBadConfig when a receiver of `notify:` cannot be told for want of a variable.
Status check_receivers(const Config& config);

/// A reporter for `up` and `down`, with its log file.
Result<std::unique_ptr<Reporter>> open_reporter(const Arguments& arguments, const Config& config,
                                                const std::string& command);

/// One without a log file, for commands that only talk.
Result<std::unique_ptr<Reporter>> open_quiet_reporter(const Arguments& arguments,
                                                      const std::string& command);

}  // namespace whimbrel
