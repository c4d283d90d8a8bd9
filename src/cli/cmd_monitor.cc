#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/stop.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/json_rows.h"
#include "cli/monitor_text.h"
#include "observe/terminal.h"

namespace whimbrel {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// Long enough for rates that mean something.
constexpr milliseconds kUsually{5'000};
constexpr std::chrono::milliseconds kFirstRates{1000};

bool wants_live(const Arguments& arguments) {
  if (arguments.output != Output::kText || arguments.quiet) return false;
  if (!isatty(STDOUT_FILENO) || !isatty(STDERR_FILENO)) return false;
  if (arguments.progress) return arguments.progress->kind == ProgressStyle::Kind::kLive;
  const char* term = std::getenv("TERM");
  const char* ci = std::getenv("CI");
  return !(ci && *ci) && !(term && std::string_view(term) == "dumb");
}

/// Where samples go: a table that is drawn over and over, lines, or JSON.
class MonitorScreen {
 public:
  MonitorScreen(const Arguments& arguments, MonitorPlace place)
      : arguments_(arguments), place_(std::move(place)), live_(wants_live(arguments)) {}
  /// The last table stays where it was drawn.
  ~MonitorScreen() {
    region_.clear();
    for (const std::string& line : table_) fmt::print("{}\n", line);
  }
  MonitorScreen(const MonitorScreen&) = delete;
  MonitorScreen& operator=(const MonitorScreen&) = delete;

  bool is_live() const { return live_; }

  void show(const MonitorSample& sample) {
    if (gone_since_ > 0) say(fmt::format("the server answers again: {}", outage_text()));
    gone_since_ = 0;
    if (arguments_.output != Output::kText) {
      fmt::print("{}\n", JsonRows::text(monitor_json(place_, sample)));
    } else if (live_) {
      table_ = monitor_table(place_, sample, room());
      region_.draw(table_);
    } else {
      say_missing(sample);
      fmt::print("{}\n", monitor_line(sample));
    }
    std::fflush(stdout);
  }

  void nobody_answers(const Error& error) {
    bool began = gone_since_ == 0;
    if (began) gone_since_ = wall_clock();
    std::string text = "no answer, trying again: " + error.message;
    if (live_) {
      std::vector<std::string> lines = table_;
      lines.push_back(fmt::format("{} ({})", text, outage_text()));
      region_.draw(lines);
    } else if (began && arguments_.output == Output::kNdjson) {
      nlohmann::ordered_json json{{"schema", 1},
                                  {"ts", iso_time(gone_since_)},
                                  {"type", "unreachable"},
                                  {"message", error.message}};
      fmt::print("{}\n", JsonRows::text(json));
      std::fflush(stdout);
    } else if (began) {
      say(text);
    }
  }

 private:
  std::string outage_text() const {
    return "after " + duration_text(static_cast<double>(wall_clock() - gone_since_) / 1000);
  }

  /// A line below the table for what nobody_answers() says, and one for the cursor.
  static size_t room() {
    return static_cast<size_t>(std::max(4, terminal_rows(STDERR_FILENO) - 2));
  }

  void say(const std::string& text) const {
    if (live_ || arguments_.quiet || arguments_.output == Output::kJson) return;
    fmt::print(stderr, "{}\n", text);
  }

  void say_missing(const MonitorSample& sample) {
    if (sample.missing == said_missing_) return;
    said_missing_ = sample.missing;
    if (sample.missing.empty()) return;
    bool refused = std::any_of(sample.missing.begin(), sample.missing.end(),
                               [](const auto& part) { return part.not_authorised; });
    say(fmt::format("not shown: {}{}", missing_text(sample),
                    refused ? "; the role clusterMonitor allows it" : ""));
  }

  const Arguments& arguments_;
  MonitorPlace place_;
  bool live_;
  LiveRegion region_;
  std::vector<std::string> table_;
  std::vector<MonitorSample::Missing> said_missing_;
  int64_t gone_since_ = 0;
};

Error nothing_allowed() {
  return Error{ErrorKind::kNotAuthorised,
               "monitor: the user may read neither the state of the server nor of its runs",
               "grant the role clusterMonitor on admin, and read on the project's database"};
}

Result<int64_t> samples_wanted(const Arguments& arguments) {
  if (arguments.output != Output::kJson) return arguments.count;
  if (arguments.count <= 1) return 1;
  return Error{ErrorKind::kUsage, "monitor: -o json is one object, of one sample",
               "for more: whimbrel monitor -o ndjson --count N"};
}

Result<int> watch(const Arguments& arguments, Monitor& monitor, MonitorScreen& screen,
                  int64_t wanted) {
  const Stop& stop = process_stop();
  bool any = false;
  for (int64_t shown = 0;;) {
    auto began = Clock::now();
    auto sample = monitor.read();
    bool first = !any;
    if (!sample && first) return std::move(sample).error();
    if (sample && first && sample->is_empty()) return nothing_allowed();
    any = true;
    // A single sample without rates would say little.
    bool for_rates = first && wanted == 1;
    if (!sample) screen.nobody_answers(sample.error());
    else if (!for_rates) screen.show(*sample), ++shown;
    if (wanted > 0 && shown == wanted) return 0;
    bool soon = for_rates || (first && screen.is_live());
    auto every = arguments.every.value_or(kUsually);
    auto pause = soon ? std::min(every, kFirstRates) : every;
    auto took = std::chrono::duration_cast<milliseconds>(Clock::now() - began);
    if (!stop.sleep(std::max(milliseconds(0), pause - took)) || stop.requested())
      return exit_code(stop.error().kind);
  }
}

}  // namespace

Result<int> run_monitor(const Arguments& arguments) {
  int64_t wanted = TRY(samples_wanted(arguments));
  Project project = TRY(open_project(arguments.sources));
  project.scripts->end_host();
  Monitor monitor = TRY(Monitor::open(project));
  const mongo::Server& server = project.client.server();
  MonitorScreen screen(arguments, {project.database, server.version, server.topology_text()});
  return watch(arguments, monitor, screen, wanted);
}

}  // namespace whimbrel
