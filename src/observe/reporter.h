// One reporter for a command: every surface reads the same events and figures.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/progress.h"
#include "base/result.h"
#include "migration/log_config.h"
#include "observe/run_notices.h"
#include "state/runs.h"

namespace whimbrel {

enum class Output { kText, kJson, kNdjson, kMarkdown, kHtml };

/// How progress is shown: `--progress plain|live|none|SECONDS`.
struct ProgressStyle {
  enum class Kind { kLive, kPlain, kNone };
  Kind kind = Kind::kPlain;
  std::chrono::milliseconds interval{10'000};  ///< of plain lines
};

enum class Direction { kUp, kDown };

/// One thing that was looked at before the start.
struct PreflightItem {
  std::string name;
  bool ok = true;
  std::string found;
};

/// The closing record.
struct Summary {
  int exit = 0;
  std::vector<std::string> applied;
  Counts documents;
  int64_t done_before = 0;          ///< of `documents`, by earlier attempts at the same runs
  int64_t residual = 0;             ///< documents that still match `where`
  std::vector<std::string> errors;  ///< the first ten, one line each
  double seconds = 0;
};

/// Thread-safe. Results go to stdout, talk to stderr, everything to the log file.
class Reporter {
 public:
  struct Options {
    Output output = Output::kText;
    ProgressStyle progress;
    std::string log_file;  ///< "" for none
    std::string command;   ///< "up", "down"
    bool quiet = false;    ///< only results, warnings and errors
    LogConfig log;
    NoticeOptions notices;
    /// Called once the lock is held and the work begins, with the number of migrations to do.
    std::function<void(size_t to_do)> on_start = {};
  };
  static Result<std::unique_ptr<Reporter>> open(const Options& options);
  /// Waits until notifications are delivered, as Notifier::finish() says.
  ~Reporter();

  const std::string& log_file() const;

  void run_started(const std::string& database, const std::string& server,
                   const std::vector<std::string>& pending);
  /// What was looked at before anything is touched: an event, the log, and a warning for each that
  /// is not well.
  void preflight(const std::vector<PreflightItem>& items);
  /// A line of talk: `level` is "info", "warning" or "error".
  void say(std::string_view level, std::string_view text);
  /// Shows `progress` until step_ended(); the object must live so long. A thread has one step at a
  /// time, several threads have several.
  void step_started(const std::string& migration, const std::string& what,
                    const Progress& progress);
  void step_ended();
  /// The run holds still, and runs again `seconds` later: a line of talk and of the log, a
  /// `throttle` event, and a notification. `why` reads as a reason: "replication lag is 12 s".
  void paused(std::string_view why);
  void resumed(std::string_view why_it_was, double seconds);
  /// It runs on, "slower" or with "fewer lanes", because of `why`; or "full" again.
  void goes(std::string_view gait, std::string_view why);
  /// How the server is, in a few words: shown below the progress of steps and kept in the log.
  void server_is(const std::string& figures);
  void document_error(const std::string& migration, const std::string& id_json,
                      const std::string& message);
  /// A line that the code of `migration` printed: it stays its own where the streams are ours.
  void script_line(bool to_stderr, std::string_view migration, std::string_view line);
  void migration_done(Direction direction, const std::string& file, const Counts& counts,
                      double seconds);
  void summary(const Summary& summary);

 private:
  struct Impl;
  explicit Reporter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Prints what `output` ends with, for a command that did not come to open a reporter; nothing
/// where that is text.
void print_summary(Output output, const Summary& summary);

/// `{"scanned":…,"modified":…,…}` as the contract has it.
std::string counts_json(const Counts& counts);

}  // namespace whimbrel
