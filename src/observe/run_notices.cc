#include "observe/run_notices.h"

#include <fmt/format.h>

#include "base/process.h"
#include "base/text.h"
#include "mongo/bson.h"
#include "observe/reporter.h"

namespace whimbrel {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kBetweenPauses{60};
constexpr size_t kLongestMessage = 2000;

std::string shortened(std::string text) {
  if (text.size() <= kLongestMessage) return text;
  size_t end = kLongestMessage;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "...";
}

std::string migrations_text(const std::vector<std::string>& names) {
  return fmt::format("{} migration{}", names.size(), names.size() == 1 ? "" : "s");
}

std::string finished_text(const Summary& summary, const std::string& command) {
  const Counts& counts = summary.documents;
  std::string text = fmt::format("{} {}; {} documents processed, {} modified in {}",
                                 migrations_text(summary.applied),
                                 command == "down" ? "undone" : "done", with_commas(counts.scanned),
                                 with_commas(counts.modified), duration_text(summary.seconds));
  if (counts.quarantined > 0) {
    text += fmt::format("; {} are in quarantine: whimbrel errors", with_commas(counts.quarantined));
  }
  return text;
}

constexpr int kSomeLeft = 3;
constexpr int kStoppedByALimit = 4;

NotifyEvent event_of(int exit) {
  if (exit == 0 || exit == kSomeLeft) return NotifyEvent::kFinished;
  return exit == kStoppedByALimit ? NotifyEvent::kPaused : NotifyEvent::kFailed;
}

}  // namespace

RunNotices::RunNotices(const NoticeOptions& options, const std::string& command,
                       const std::string& log_file, Notifier::Warn warn)
    : uri_(options.uri),
      key_(mongo::new_object_id()),
      told_quarantine_(options.receivers.size()),
      notifier_(options.receivers, options.directory, std::move(warn)) {
  base_.database = options.database;
  base_.environment = options.environment;
  base_.host = this_process().host;
  base_.command = command;
  base_.run = options.run;
  base_.log_file = log_file;
}

Notification RunNotices::about(NotifyEvent event, std::string_view message) {
  Notification notification = base_;
  notification.event = event;
  notification.at = wall_clock();
  notification.message = shortened(redact_secrets(std::string(message), uri_));
  notification.seconds = std::chrono::duration<double>(Clock::now() - begun_).count();
  notification.key = fmt::format("{}-{}-{}", key_, to_text(event), ++number_);
  return notification;
}

void RunNotices::send(const Notification& notification) {
  const auto& receivers = notifier_.receivers();
  for (size_t i = 0; i < receivers.size(); ++i) {
    if (receivers[i].wants(notification.event)) notifier_.send(i, notification);
  }
}

void RunNotices::started(const std::string& database, const std::vector<std::string>& migrations) {
  base_.database = database;
  started_ = !migrations.empty();
  if (!started_) return;
  Notification notification =
      about(NotifyEvent::kStarted,
            fmt::format("{} to do: {}", migrations_text(migrations), join(migrations, ", ")));
  notification.migrations = migrations;
  send(notification);
}

void RunNotices::step_started(const std::string& migration) {
  base_.migration = migration;
}

void RunNotices::step_is_at(const Counts& counts) {
  base_.documents = ended_steps_;
  base_.documents += counts;
  int64_t quarantined = base_.documents.quarantined;
  if (quarantined == 0) return;
  const auto& receivers = notifier_.receivers();
  for (size_t i = 0; i < receivers.size(); ++i) {
    bool news = receivers[i].wants(NotifyEvent::kQuarantine) && quarantined > receivers[i].above;
    if (!news || told_quarantine_[i]) continue;
    told_quarantine_[i] = true;
    notifier_.send(i, about(NotifyEvent::kQuarantine,
                            fmt::format("{} documents are in quarantine: whimbrel errors",
                                        with_commas(quarantined))));
  }
}

void RunNotices::step_ended(const Counts& counts) {
  step_is_at(counts);
  ended_steps_ += counts;
  base_.migration.clear();
}

void RunNotices::paused(std::string_view why) {
  auto now = Clock::now();
  tells_resume_ = !told_pause_ || now - *told_pause_ >= kBetweenPauses;
  if (!tells_resume_) return;
  told_pause_ = now;
  send(about(NotifyEvent::kPaused, why));
}

void RunNotices::resumed(std::string_view why_it_was, double seconds) {
  if (!tells_resume_) return;
  tells_resume_ = false;
  send(about(NotifyEvent::kResumed, fmt::format("runs again after {}; it was paused: {}",
                                                duration_text(seconds), why_it_was)));
}

void RunNotices::ended(const Summary& summary) {
  NotifyEvent event = event_of(summary.exit);
  bool nothing = !started_ && event == NotifyEvent::kFinished && summary.applied.empty();
  if (nothing) return;
  bool finished = event == NotifyEvent::kFinished;
  Notification notification =
      about(event, finished ? finished_text(summary, base_.command) : error_);
  notification.migrations = summary.applied;
  notification.exit = summary.exit;
  notification.documents = summary.documents;
  notification.seconds = summary.seconds;
  send(notification);
}

}  // namespace whimbrel
