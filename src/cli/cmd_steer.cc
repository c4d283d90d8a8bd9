#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/stop.h"
#include "cli/commands.h"
#include "flow/steer.h"

namespace whimbrel {
namespace {

using Answer = SteerOutcome::Answer;

std::string_view done_word(SteeringEvent event) {
  switch (event) {
    case SteeringEvent::kPause:
      return "paused";
    case SteeringEvent::kResume:
      return "resumed";
    case SteeringEvent::kCancel:
      return "cancelled";
    default:
      return "set";
  }
}

std::string next_of(SteeringEvent event) {
  switch (event) {
    case SteeringEvent::kPause:
      return "whimbrel resume";
    case SteeringEvent::kCancel:
      return "go on: whimbrel up; undo what was done: whimbrel down";
    default:
      return "whimbrel watch";
  }
}

/// "paused", or why it does not simply run after it was resumed.
std::string state_text(const Run& run) {
  if (!run.steered || run.steered->state == "running") return "";
  return fmt::format("; it is {}{}{}", run.steered->state, run.steered->reason.empty() ? "" : ": ",
                     run.steered->reason);
}

void print(const SteerRequest& request, const SteerOutcome& outcome, Output output) {
  const Run& run = outcome.run;
  if (output != Output::kText) {
    constexpr const char* kAnswers[] = {"obeyed", "kept", "ended", "silent"};
    nlohmann::ordered_json json{{"schema", 1},
                                {"request", to_text(request.event)},
                                {"migration", run.file},
                                {"run", run.id},
                                {"answer", kAnswers[static_cast<int>(outcome.answer)]},
                                {"state", run.steered ? run.steered->state : ""},
                                {"reason", run.steered ? run.steered->reason : ""}};
    fmt::print("{}\n", json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    return;
  }
  switch (outcome.answer) {
    case Answer::kObeyed:
      fmt::print("{}: {}{}\n", done_word(request.event), run.file,
                 request.event == SteeringEvent::kResume ? state_text(run) : "");
      break;
    case Answer::kKept:
      fmt::print("{}: {}; nobody works on it now, it holds from the next `up` on\n",
                 done_word(request.event), run.file);
      break;
    case Answer::kEnded:
      fmt::print("{} has ended meanwhile ({})\n", run.file, to_text(run.state));
      return;
    case Answer::kSilent:
      fmt::print(stderr,
                 "asked for, but the run has not answered: {} may be in a step that goes on to its "
                 "end first\n",
                 run.file);
  }
  fmt::print(stderr, "  next: {}\n", next_of(request.event));
}

Result<int> run_steer(const Arguments& arguments, SteerRequest request) {
  request.why = arguments.note;
  if (arguments.wait.count() > 0) request.patience = arguments.wait;
  Project project = TRY(open_project(arguments.sources));
  SteerOutcome outcome = TRY(steer(project, request, process_stop()));
  print(request, outcome, arguments.output);
  return outcome.answer == Answer::kSilent ? exit_code(ErrorKind::kPaused) : 0;
}

Result<std::string> one_name(const Arguments& arguments) {
  if (arguments.words.size() > 1) {
    return Error{
        ErrorKind::kUsage,
        fmt::format("{} takes one migration, not {}", arguments.command, arguments.words.size()),
        "whimbrel help " + arguments.command};
  }
  return arguments.words.empty() ? std::string() : arguments.words.front();
}

Result<int> run_simple(const Arguments& arguments, SteeringEvent event) {
  SteerRequest request{.event = event};
  request.migration = TRY(one_name(arguments));
  return run_steer(arguments, std::move(request));
}

}  // namespace

Result<int> run_pause(const Arguments& arguments) {
  return run_simple(arguments, SteeringEvent::kPause);
}

Result<int> run_resume(const Arguments& arguments) {
  return run_simple(arguments, SteeringEvent::kResume);
}

Result<int> run_cancel(const Arguments& arguments) {
  return run_simple(arguments, SteeringEvent::kCancel);
}

Result<int> run_set(const Arguments& arguments) {
  SteerRequest request{.event = SteeringEvent::kSet};
  for (const std::string& word : arguments.words) {
    size_t equals = word.find('=');
    if (equals == std::string::npos && request.migration.empty()) request.migration = word;
    else if (equals == std::string::npos || equals == 0) {
      return Error{ErrorKind::kUsage, fmt::format("'{}' is no KEY=VALUE", word),
                   "for example: whimbrel set workers=3 throttle.maxLag=5s"};
    } else {
      request.settings.emplace_back(word.substr(0, equals), word.substr(equals + 1));
    }
  }
  if (request.settings.empty()) {
    return Error{ErrorKind::kUsage, "set needs at least one KEY=VALUE",
                 "for example: whimbrel set workers=3 throttle.maxLag=5s"};
  }
  return run_steer(arguments, std::move(request));
}

}  // namespace whimbrel
