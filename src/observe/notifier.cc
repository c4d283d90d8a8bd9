#include "observe/notifier.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "observe/delivery.h"

namespace whimbrel {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr size_t kMostQueued = 64;
constexpr std::array kPauses = {milliseconds(250), milliseconds(1000), milliseconds(3000)};
constexpr milliseconds kLongestPause{30'000};

}  // namespace

/// One receiver's queue and thread.
class Notifier::Mailbox {
 public:
  Mailbox(const Receiver& receiver, std::string directory, Warn warn)
      : receiver_(receiver), directory_(std::move(directory)), warn_(std::move(warn)) {
    thread_ = std::thread([this] { run(); });
  }
  ~Mailbox() { finish(Clock::now()); }

  void put(const Notification& notification);
  void finish(Clock::time_point at_latest);

 private:
  void run();
  void hand_over(const Notification& notification);
  bool pause(milliseconds duration);
  void warn(std::string_view event, std::string_view why) const;

  const Receiver receiver_;
  const std::string directory_;
  const Warn warn_;
  std::atomic<bool> abandoned_{false};

  std::mutex mutex_;  // guards everything below
  std::condition_variable changed_;
  std::deque<Notification> queue_;
  bool busy_ = false;
  bool ending_ = false;
  int64_t dropped_ = 0;
  std::thread thread_;
};

void Notifier::Mailbox::warn(std::string_view event, std::string_view why) const {
  warn_(fmt::format("{} was not told `{}`: {}", receiver_.shown(), event, why));
}

void Notifier::Mailbox::put(const Notification& notification) {
  {
    std::lock_guard guard(mutex_);
    if (queue_.size() >= kMostQueued) {
      queue_.pop_front();
      ++dropped_;
    }
    queue_.push_back(notification);
  }
  changed_.notify_all();
}

/// False when it was given up meanwhile.
bool Notifier::Mailbox::pause(milliseconds duration) {
  std::unique_lock guard(mutex_);
  changed_.wait_for(guard, duration, [&] { return abandoned_.load(); });
  return !abandoned_;
}

void Notifier::Mailbox::hand_over(const Notification& notification) {
  std::string_view event = to_text(notification.event);
  for (size_t attempt = 0;; ++attempt) {
    Answer answer = deliver(receiver_, notification, directory_, abandoned_);
    if (answer.taken) return;
    bool last = !answer.again || attempt >= kPauses.size();
    if (!last && pause(std::max(kPauses[attempt], std::min(answer.wait, kLongestPause)))) continue;
    std::string tries = attempt == 0 ? "" : fmt::format(" ({} attempts)", attempt + 1);
    return warn(event, answer.text + tries);
  }
}

void Notifier::Mailbox::run() {
  std::unique_lock guard(mutex_);
  while (true) {
    changed_.wait(guard, [&] { return ending_ || abandoned_ || !queue_.empty(); });
    if (abandoned_ || queue_.empty()) break;
    Notification next = std::move(queue_.front());
    queue_.pop_front();
    busy_ = true;
    guard.unlock();
    hand_over(next);
    guard.lock();
    busy_ = false;
    changed_.notify_all();
  }
}

void Notifier::Mailbox::finish(Clock::time_point at_latest) {
  if (!thread_.joinable()) return;
  std::deque<Notification> left;
  {
    std::unique_lock guard(mutex_);
    ending_ = true;
    changed_.notify_all();
    changed_.wait_until(guard, at_latest, [&] { return queue_.empty() && !busy_; });
    left.swap(queue_);
    abandoned_ = true;
    changed_.notify_all();
  }
  thread_.join();
  for (const Notification& notification : left) {
    warn(to_text(notification.event), "the command ended before it had answered what came earlier");
  }
  if (dropped_ > 0) {
    warn_(fmt::format("{} was not told {} events: it is too slow", receiver_.shown(), dropped_));
  }
}

Notifier::Notifier(std::vector<Receiver> receivers, const std::string& directory, Warn warn)
    : receivers_(std::move(receivers)) {
  for (const Receiver& receiver : receivers_) {
    mailboxes_.push_back(std::make_unique<Mailbox>(receiver, directory, warn));
  }
}

Notifier::~Notifier() {
  finish();
}

void Notifier::send(size_t receiver, const Notification& notification) {
  mailboxes_.at(receiver)->put(notification);
}

void Notifier::finish() {
  auto begun = Clock::now();
  for (size_t i = 0; i < mailboxes_.size(); ++i) {
    mailboxes_[i]->finish(begun + receivers_[i].timeout);
  }
}

}  // namespace whimbrel
