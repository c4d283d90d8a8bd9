#include "cli/arguments_steering.h"

#include "cli/arguments_operations.h"

namespace whimbrel {

namespace {

void add_window_flag(CLI::App& command, std::vector<std::string>& windows) {
  command
      .add_option("--window", windows,
                  "work only then, for example \"22:00-06:00 Europe/Berlin\"; several are allowed")
      ->allow_extra_args(false);
}

}  // namespace

void add_end_flags(CLI::App& plan, Arguments& arguments, std::string& max_time) {
  add_window_flag(plan, arguments.limits.windows);
  plan.add_option("--max-time", max_time, "judge whether it is done before `up` stops for it");
  plan.add_option(
      "--finish-by", arguments.finish_by,
      "judge whether it is done by then: 2026-12-24T06:00Z, or \"06:00 Europe/Berlin\"");
}

Result<std::optional<Windows>> typed_windows(const Arguments& arguments) {
  const std::vector<std::string>& texts = arguments.limits.windows;
  if (texts.empty()) return std::optional<Windows>();
  return std::optional(TRY(Windows::parse(texts)));
}

void add_limit_flags(CLI::App& up, Arguments& arguments) {
  Arguments::Limits& limits = arguments.limits;
  add_window_flag(up, limits.windows);
  up.add_flag("--no-wait", limits.no_wait,
              "end with 4 instead of waiting for a window or for `resume`");
  up.add_flag("--parallel", limits.parallel,
              "migrations that share no collection side by side, as `plan` shows");
  up.add_option("--nice", limits.nice, "gentle, normal or fast");
  up.add_option("--max-rate", limits.max_rate, "documents a second at most");
  up.add_option("--max-ops", limits.max_ops,
                "pause while the whole server does more operations a second");
}

void add_steering_commands(CLI::App& app, Arguments& arguments) {
  auto* pause = app.add_subcommand("pause", "let a run hold still, from any host");
  auto* resume = app.add_subcommand("resume", "let a paused run go on");
  auto* cancel = app.add_subcommand("cancel", "end a run after its running batches, resumably");
  auto* set = app.add_subcommand(
      "set",
      "change a run while it works: workers=3 batch.docs=500 throttle.maxLag=5s nice=gentle "
      "maxErrors=50 window=off");
  for (CLI::App* command : {pause, resume, cancel, set}) {
    command->add_option("words", arguments.words,
                        command == set ? "KEY=VALUE…, and which migration"
                                       : "which migration; else what is under way");
    command->add_option("--why", arguments.note, "the reason, for the audit and for who looks");
  }
  auto* watch = app.add_subcommand("watch", "follow a run from any host until it ends");
  watch->add_option("migration", arguments.words, "which one; else what is under way");
  add_every(*watch, arguments, "how often to look: 1s");
}

}  // namespace whimbrel
