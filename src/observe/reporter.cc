#include "observe/reporter.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <thread>

#include "base/service_manager.h"
#include "base/text.h"
#include "observe/event_json.h"
#include "observe/log_file.h"
#include "observe/snapshot.h"
#include "observe/terminal.h"

namespace whimbrel {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kFrame{100};
constexpr std::chrono::seconds kEventInterval{1};
constexpr std::chrono::seconds kLogInterval{10};
constexpr int64_t kLogDocuments = 10'000;

void print_event(const Json& fields) {
  Json line{{"ts", iso_time(wall_clock())}};
  line.update(fields);
  fmt::print(stdout, "{}\n", dump(line));
  std::fflush(stdout);
}

}  // namespace

/// A step under way. Each belongs to the thread that began it, which has one at a time.
struct Shown {
  std::thread::id thread;
  const Progress* progress = nullptr;
  std::string migration, title;
  RateMeter meter;
  Clock::time_point last_plain, last_event, last_log;
  int64_t last_logged = 0;
};

struct Reporter::Impl {
  Options options;
  std::optional<LogFile> log;
  std::string log_path;

  std::mutex mutex;  // guards everything below and both streams
  std::condition_variable wake;
  std::vector<Shown> steps;
  std::optional<Clock::time_point> paused_since;
  std::string paused_why, pace, server;
  LiveRegion region;
  std::optional<RunNotices> notices;
  std::optional<std::chrono::milliseconds> watchdog = watchdog_interval();
  Clock::time_point last_ping;
  bool summarised = false;  // the summary is the last event
  bool ending = false;
  std::thread ticker;

  bool ndjson() const { return options.output == Output::kNdjson; }
  void event(Json fields);
  void to_stderr(const std::string& line);
  void talk(const std::string& line);
  void to_log(std::string_view level, const std::string& line);
  void warn_of_notice(const std::string& warning);
  void ping();
  std::string held(Clock::time_point now) const;
  void tick();
  Snapshot look_at(Shown& step, Clock::time_point at) const;
  void show(Shown& step, const Snapshot& now, Clock::time_point at);
  void run();
};

void Reporter::Impl::event(Json fields) {
  if (ndjson()) print_event(fields);
}

void Reporter::Impl::to_stderr(const std::string& line) {
  region.clear();
  fmt::print(stderr, "{}\n", line);
}

void Reporter::Impl::talk(const std::string& line) {
  if (!options.quiet) to_stderr(line);
  to_log("info", line);
}

void Reporter::Impl::to_log(std::string_view level, const std::string& line) {
  if (log) log->write(level, line);
}

/// Warnings of notifications come late, too, when the summary has ended the events.
void Reporter::Impl::warn_of_notice(const std::string& warning) {
  std::lock_guard guard(mutex);
  to_stderr("warning: " + warning);
  if (!summarised) event({{"type", "log"}, {"level", "warning"}, {"message", warning}});
  to_log("warning", warning);
}

/// From the ticker, so that a process whose reporter hangs is found out.
void Reporter::Impl::ping() {
  auto now = Clock::now();
  if (!watchdog || now - last_ping < *watchdog) return;
  tell_service_manager("WATCHDOG=1");
  last_ping = now;
}

/// Everywhere but in the live region.
void Reporter::Impl::show(Shown& step, const Snapshot& now, Clock::time_point at) {
  const ProgressStyle& style = options.progress;
  if (style.kind == ProgressStyle::Kind::kPlain && at - step.last_plain >= style.interval) {
    to_stderr(plain_line(step.title, now));
    step.last_plain = at;
  }
  if (at - step.last_event >= kEventInterval) {
    event(progress_json(step.migration, now));
    tell_service_manager("STATUS=" + plain_line(step.title, now));
    step.last_event = at;
  }
  if (now.counts.scanned - step.last_logged >= kLogDocuments ||
      at - step.last_log >= kLogInterval) {
    to_log("progress", plain_line(step.title, now));
    step.last_logged = now.counts.scanned;
    step.last_log = at;
  }
}

std::string Reporter::Impl::held(Clock::time_point now) const {
  if (!paused_since) return pace;
  double seconds = std::chrono::duration<double>(now - *paused_since).count();
  return fmt::format("paused {}: {}", duration_text(seconds), paused_why);
}

Snapshot Reporter::Impl::look_at(Shown& step, Clock::time_point at) const {
  step.meter.update(at, step.progress->scanned);
  Snapshot moment = take(*step.progress, step.meter);
  moment.held = held(at);
  return moment;
}

void Reporter::Impl::tick() {
  ping();
  auto now = Clock::now();
  Counts counts;
  std::vector<std::string> lines;
  for (Shown& step : steps) {
    Snapshot moment = look_at(step, now);
    counts += moment.counts;
    for (std::string& line : live_lines(step.title, moment)) lines.push_back(std::move(line));
    show(step, moment, now);
  }
  if (steps.empty()) return;
  notices->step_is_at(counts);
  if (!server.empty()) lines.push_back("server  " + server);
  if (options.progress.kind == ProgressStyle::Kind::kLive) region.draw(lines);
}

void Reporter::Impl::run() {
  std::unique_lock guard(mutex);
  while (!wake.wait_for(guard, kFrame, [&] { return ending; })) tick();
}

Reporter::Reporter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Reporter>> Reporter::open(const Options& options) {
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  impl->log_path = options.log_file;
  if (!options.log_file.empty()) {
    impl->log.emplace(TRY(LogFile::open(options.log_file, options.log)));
  }
  Impl* raw = impl.get();
  impl->notices.emplace(options.notices, options.command, options.log_file,
                        [raw](const std::string& warning) { raw->warn_of_notice(warning); });
  impl->ticker = std::thread([raw] { raw->run(); });
  return std::unique_ptr<Reporter>(new Reporter(std::move(impl)));
}

Reporter::~Reporter() {
  {
    std::lock_guard guard(impl_->mutex);
    impl_->ending = true;
  }
  impl_->wake.notify_all();
  impl_->ticker.join();
  impl_->notices->finish();
}

const std::string& Reporter::log_file() const {
  return impl_->log_path;
}

void Reporter::run_started(const std::string& database, const std::string& server,
                           const std::vector<std::string>& pending) {
  std::lock_guard guard(impl_->mutex);
  impl_->event({{"type", "run.start"},
                {"command", impl_->options.command},
                {"database", database},
                {"server", server},
                {"migrations", pending}});
  impl_->to_log("info", fmt::format("whimbrel {} on {} ({}): {} to do", impl_->options.command,
                                    database, server, pending.size()));
  impl_->notices->started(database, pending);
  tell_service_manager("READY=1\nSTATUS=" + impl_->options.command + " on " + database);
  if (impl_->options.on_start) impl_->options.on_start(pending.size());
}

void Reporter::preflight(const std::vector<PreflightItem>& items) {
  std::lock_guard guard(impl_->mutex);
  Json list = Json::array();
  for (const PreflightItem& item : items) {
    list.push_back({{"name", item.name}, {"ok", item.ok}, {"found", item.found}});
    std::string line = fmt::format("preflight: {}: {}", item.name, item.found);
    if (!item.ok) impl_->to_stderr("warning: " + line);
    impl_->to_log(item.ok ? "info" : "warning", line);
  }
  impl_->event({{"type", "preflight"}, {"items", list}});
}

void Reporter::say(std::string_view level, std::string_view text) {
  std::lock_guard guard(impl_->mutex);
  bool plain = level == "info";
  if (level == "error") impl_->notices->heard_error(text);
  if (!plain || !impl_->options.quiet) {
    impl_->to_stderr(plain ? std::string(text) : fmt::format("{}: {}", level, text));
  }
  impl_->event({{"type", "log"}, {"level", level}, {"message", text}});
  impl_->to_log(level, std::string(text));
}

void Reporter::step_started(const std::string& migration, const std::string& what,
                            const Progress& progress) {
  std::lock_guard guard(impl_->mutex);
  auto now = Clock::now();
  Shown step{.thread = std::this_thread::get_id(), .progress = &progress, .migration = migration};
  step.title = migration + "  " + what;
  step.meter.start(now, progress.scanned);
  step.last_plain = step.last_event = step.last_log = now;
  step.last_logged = progress.scanned;
  impl_->to_log("info", "started " + step.title);
  impl_->steps.push_back(std::move(step));
  impl_->notices->step_started(migration);
}

void Reporter::step_ended() {
  std::lock_guard guard(impl_->mutex);
  auto step = std::find_if(impl_->steps.begin(), impl_->steps.end(), [](const Shown& shown) {
    return shown.thread == std::this_thread::get_id();
  });
  if (step == impl_->steps.end()) return;
  auto now = Clock::now();
  Snapshot last = impl_->look_at(*step, now);
  impl_->region.clear();
  step->last_event -= kEventInterval;
  step->last_log -= kLogInterval;
  step->last_plain = now;
  impl_->show(*step, last, now);
  impl_->notices->step_ended(last.counts);
  impl_->steps.erase(step);
}

void Reporter::paused(std::string_view why) {
  std::lock_guard guard(impl_->mutex);
  if (!impl_->paused_since) impl_->paused_since = Clock::now();
  impl_->paused_why = why;
  impl_->talk(fmt::format("paused: {}", why));
  impl_->event({{"type", "throttle"}, {"state", "paused"}, {"reason", why}, {"seconds", 0}});
  impl_->notices->paused(why);
  tell_service_manager(fmt::format("STATUS=paused: {}", why));
}

void Reporter::resumed(std::string_view why_it_was, double seconds) {
  std::lock_guard guard(impl_->mutex);
  impl_->paused_since.reset();
  impl_->talk(
      fmt::format("running again after {}; it was paused: {}", duration_text(seconds), why_it_was));
  impl_->event(
      {{"type", "throttle"}, {"state", "running"}, {"reason", why_it_was}, {"seconds", seconds}});
  impl_->notices->resumed(why_it_was, seconds);
}

void Reporter::goes(std::string_view gait, std::string_view why) {
  std::lock_guard guard(impl_->mutex);
  bool full = why.empty();
  impl_->pace = full ? "" : fmt::format("{}: {}", gait, why);
  impl_->talk(full ? "at full speed again" : impl_->pace);
  impl_->event({{"type", "throttle"}, {"state", "running"}, {"gait", gait}, {"reason", why}});
}

void Reporter::server_is(const std::string& figures) {
  std::lock_guard guard(impl_->mutex);
  impl_->server = figures;
  if (figures.empty() || impl_->steps.empty()) return;
  impl_->to_log("server", figures);
  impl_->event({{"type", "server"}, {"figures", figures}});
}

void Reporter::document_error(const std::string& migration, const std::string& id_json,
                              const std::string& message) {
  std::lock_guard guard(impl_->mutex);
  impl_->event({{"type", "document_error"},
                {"migration", migration},
                {"_id", id_json},
                {"message", message}});
  impl_->to_log("error", fmt::format("{}: document _id {}: {}", migration, id_json, message));
}

void Reporter::script_line(bool to_stderr, std::string_view migration, std::string_view line) {
  std::lock_guard guard(impl_->mutex);
  impl_->region.clear();
  bool own_streams = impl_->options.output == Output::kText;
  if (!impl_->ndjson()) {
    std::FILE* stream = own_streams && !to_stderr ? stdout : stderr;
    fmt::print(stream, "{}\n", line);
    std::fflush(stream);
  }
  impl_->event({{"type", "log"},
                {"level", to_stderr ? "error" : "info"},
                {"migration", migration},
                {"message", line}});
  impl_->to_log("script", fmt::format("{}: {}", migration, line));
}

void Reporter::migration_done(Direction direction, const std::string& file, const Counts& counts,
                              double seconds) {
  std::lock_guard guard(impl_->mutex);
  bool up = direction == Direction::kUp;
  std::string line = fmt::format("MIGRATED {}: {}", up ? "UP" : "DOWN", file);
  impl_->region.clear();
  if (impl_->options.output == Output::kText) {
    fmt::print(stdout, "{}\n", line);
    std::fflush(stdout);
  }
  impl_->event({{"type", "migration.done"},
                {"migration", file},
                {"direction", up ? "up" : "down"},
                {"documents", to_json(counts)},
                {"seconds", seconds}});
  impl_->to_log("info", fmt::format("{} ({} documents modified in {})", line,
                                    with_commas(counts.modified), duration_text(seconds)));
}

void Reporter::summary(const Summary& summary) {
  std::lock_guard guard(impl_->mutex);
  std::vector<std::string> lines;
  const Counts& counts = summary.documents;
  auto done_now = static_cast<double>(counts.scanned - summary.done_before);
  double rate = summary.seconds > 0 ? done_now / summary.seconds : 0;
  lines.push_back(
      fmt::format("processed {}  modified {}  unchanged {}  quarantined {}  in {} ({} documents/s)",
                  with_commas(counts.scanned), with_commas(counts.modified),
                  with_commas(counts.unchanged), with_commas(counts.quarantined),
                  duration_text(summary.seconds), with_commas(static_cast<int64_t>(rate))));
  if (summary.done_before > 0) {
    lines.push_back(fmt::format("  of which {} were done before by the interrupted run",
                                with_commas(summary.done_before)));
  }
  if (summary.residual > 0) {
    lines.push_back(
        fmt::format("  {} documents still match `where`", with_commas(summary.residual)));
  }
  if (!summary.errors.empty())
    lines.push_back(fmt::format("first {} errors:", summary.errors.size()));
  for (const std::string& error : summary.errors) lines.push_back("  " + error);
  for (const std::string& line : lines) impl_->to_log("info", line);
  if (!impl_->log_path.empty()) {
    lines.push_back("log file: " + impl_->log_path);
    if (!impl_->log->is_complete()) {
      lines.push_back("warning: the log file is incomplete: it could not be written to its end");
    }
  }
  if (!impl_->options.quiet) {
    for (const std::string& line : lines) impl_->to_stderr(line);
  }
  print_summary(impl_->options.output, summary);
  impl_->summarised = true;
  impl_->notices->ended(summary);
  tell_service_manager("STOPPING=1");
}

void print_summary(Output output, const Summary& summary) {
  if (output == Output::kNdjson) print_event(to_json(summary));
  if (output == Output::kJson) fmt::print(stdout, "{}\n", dump(to_json(summary)));
}

}  // namespace whimbrel
