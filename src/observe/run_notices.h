// What a run's reporter hears, turned into notifications for the receivers that want them.
#pragma once

#include <chrono>
#include <memory>

#include "observe/notifier.h"

namespace whimbrel {

struct Summary;

/// Where and what the command is; every notification says it.
struct NoticeOptions {
  std::vector<Receiver> receivers;
  std::string database, environment;
  std::string uri;        ///< its password is blotted out of messages
  std::string directory;  ///< of the project
  std::string run;        ///< short name of this process's work; the log file carries it
};

/// Not thread-safe: its owner's lock guards it, but for finish().
class RunNotices {
 public:
  RunNotices(const NoticeOptions& options, const std::string& command, const std::string& log_file,
             Notifier::Warn warn);

  void started(const std::string& database, const std::vector<std::string>& migrations);
  void step_started(const std::string& migration);
  /// How far the running step is; tells of quarantined documents.
  void step_is_at(const Counts& counts);
  void step_ended(const Counts& counts);
  /// A pause within a minute of the last one that was told, and its end, are no news.
  void paused(std::string_view why);
  void resumed(std::string_view why_it_was, double seconds);
  /// An error that was said: the reason if the run fails.
  void heard_error(std::string_view text) { error_ = text; }
  /// Exit codes 0 and 3 are a run that finished, 4 one that paused, others one that failed. A run
  /// that had nothing to do is no news.
  void ended(const Summary& summary);

  /// See Notifier::finish(). Without its owner's lock, since warnings come meanwhile.
  void finish() { notifier_.finish(); }

 private:
  Notification about(NotifyEvent event, std::string_view message);
  void send(const Notification& notification);

  Notification base_;
  std::string uri_, key_;
  int64_t number_ = 0;  // of notifications
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  std::optional<std::chrono::steady_clock::time_point> told_pause_;
  bool tells_resume_ = false;
  bool started_ = false;
  Counts ended_steps_;
  std::vector<bool> told_quarantine_;  // by receiver
  std::string error_;
  Notifier notifier_;
};

}  // namespace whimbrel
