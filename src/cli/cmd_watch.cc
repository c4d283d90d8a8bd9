#include <fmt/format.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/stop.h"
#include "base/text.h"
#include "cli/commands.h"
#include "flow/open_run.h"
#include "flow/steer.h"
#include "observe/rate.h"
#include "observe/terminal.h"

namespace whimbrel {
namespace {

using Json = nlohmann::ordered_json;
using std::chrono::milliseconds;

constexpr milliseconds kUsually{1'000};

/// What is seen of a run at one moment.
struct Sight {
  SteeredRun steered;
  int64_t total = 0;
  double rate = 0;
  std::optional<double> eta;
};

/// "step 2 of 3: update users".
std::string step_text(const Run& run) {
  for (size_t i = 0; i < run.steps.size(); ++i) {
    if (run.steps[i].progress != StepState::Progress::kRunning) continue;
    return fmt::format("step {} of {}: {} {}", i + 1, run.steps.size(), run.steps[i].kind,
                       run.steps[i].collection);
  }
  return "";
}

std::string reason_of(const SteeredRun& seen) {
  bool works = seen.state <= SteeringState::kWaiting;
  if (!works) return seen.run.message;
  return seen.run.steered ? seen.run.steered->reason : "";
}

std::string line_of(const Sight& sight) {
  const Run& run = sight.steered.run;
  std::string reason = reason_of(sight.steered);
  std::string step = step_text(run);
  auto share = percent(sight.total, run.counts().scanned);
  std::string line = fmt::format("{}  {}{}", run.file, to_text(sight.steered.state),
                                 reason.empty() ? "" : " (" + reason + ")");
  if (!step.empty()) line += "  " + step;
  line += fmt::format("  {}{} / {} docs  {}/s", share ? fmt::format("{:.1f} %  ", *share) : "",
                      with_commas(run.counts().scanned), with_commas(sight.total),
                      with_commas(static_cast<int64_t>(sight.rate)));
  if (sight.eta) line += "  ETA " + duration_text(*sight.eta);
  if (run.counts().quarantined > 0) {
    line += fmt::format("  {} quarantined", with_commas(run.counts().quarantined));
  }
  return line;
}

Json json_of(const Sight& sight, int64_t now) {
  const Run& run = sight.steered.run;
  Counts counts = run.counts();
  Json json{{"schema", 1},
            {"ts", iso_time(now)},
            {"type", "watch"},
            {"migration", run.file},
            {"run", run.id},
            {"state", to_text(sight.steered.state)},
            {"reason", reason_of(sight.steered)},
            {"step", step_text(run)},
            {"done", counts.scanned},
            {"total", sight.total},
            {"documents", Json::parse(counts_json(counts))},
            {"rate", sight.rate}};
  json["eta_s"] = sight.eta ? Json(*sight.eta) : Json(nullptr);
  json["owner"] = {
      {"user", run.process.user}, {"host", run.process.host}, {"pid", run.process.pid}};
  return json;
}

/// The run with the counts of its ranges, which are newer than those of its document.
Result<SteeredRun> look(Project& project, const std::string& migration) {
  SteeredRun seen = TRY(find_steered(project, migration));
  TRY(count_open_steps(project.client, project.database, seen.run));
  return seen;
}

int exit_of(SteeringState state) {
  switch (state) {
    case SteeringState::kFailed:
      return exit_code(ErrorKind::kFailed);
    case SteeringState::kInterrupted:
      return exit_code(ErrorKind::kPaused);
    default:
      return 0;
  }
}

class Screen {
 public:
  Screen(Output output, bool live) : output_(output), live_(live) {}

  void show(const Sight& sight, int64_t now, bool last) {
    if (output_ != Output::kText) {
      if (output_ == Output::kNdjson || last) print(dump(json_of(sight, now)));
      return;
    }
    std::string line = line_of(sight);
    if (live_ && !last) return region_.draw({line});
    region_.clear();
    if (line != last_line_ || last) print(line);
    last_line_ = line;
  }

 private:
  static std::string dump(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  static void print(const std::string& line) {
    fmt::print("{}\n", line);
    std::fflush(stdout);
  }

  Output output_;
  bool live_;
  LiveRegion region_;
  std::string last_line_;
};

}  // namespace

Result<int> run_watch(const Arguments& arguments) {
  if (arguments.words.size() > 1) {
    return Error{ErrorKind::kUsage, "watch takes one migration", "whimbrel help watch"};
  }
  std::string migration = arguments.words.empty() ? "" : arguments.words.front();
  milliseconds every = arguments.every.value_or(kUsually);
  Project project = TRY(open_project(arguments.sources));
  project.scripts->end_host();
  Screen screen(arguments.output, isatty(STDERR_FILENO) == 1 && isatty(STDOUT_FILENO) == 1);
  RateMeter meter;
  bool started = false;
  while (true) {
    Sight sight{.steered = TRY(look(project, migration))};
    const Run& run = sight.steered.run;
    // From here on the same one, also when another begins.
    migration = run.file;
    auto now = std::chrono::steady_clock::now();
    int64_t done = run.counts().scanned;
    if (!started) meter.start(now, done);
    else meter.update(now, done);
    started = true;
    sight.total = run.total();
    sight.rate = meter.per_second();
    sight.eta = meter.eta(sight.total, done);
    bool ended = sight.steered.state > SteeringState::kWaiting;
    screen.show(sight, project.client.server_time(), ended);
    if (ended) return exit_of(sight.steered.state);
    if (!process_stop().sleep(every)) return exit_code(process_stop().error().kind);
  }
}

}  // namespace whimbrel
