#include "observe/run_notices.h"

#include <doctest/doctest.h>

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>

#include "observe/reporter.h"

namespace whimbrel {
namespace {

namespace fs = std::filesystem;

/// Events as a command got them, one JSON a line.
class Told {
 public:
  Told() : folder_(fs::temp_directory_path() / ("whimbrel-notices-" + std::to_string(getpid()))) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~Told() { fs::remove_all(folder_); }

  NoticeOptions options(std::vector<NotifyEvent> on, int64_t above = 0) const {
    Receiver receiver;
    receiver.kind = Receiver::Kind::kCommand;
    receiver.command = {"sh", "-c", "cat >> events"};
    receiver.on = std::move(on);
    receiver.above = above;
    NoticeOptions options;
    options.receivers = {receiver};
    options.database = "shop";
    options.uri = "mongodb://me:pa55word@h/";
    options.directory = folder_;
    return options;
  }

  std::vector<nlohmann::json> events() const {
    std::vector<nlohmann::json> found;
    std::ifstream file(folder_ / "events");
    for (std::string line; std::getline(file, line);) found.push_back(nlohmann::json::parse(line));
    return found;
  }

 private:
  fs::path folder_;
};

void nobody_warns(const std::string& warning) {
  FAIL_CHECK(warning);
}

std::vector<std::string> names(const std::vector<nlohmann::json>& events) {
  std::vector<std::string> all;
  for (const auto& event : events) all.push_back(event.at("event"));
  return all;
}

using Event = NotifyEvent;

TEST_CASE("a run that pauses again and again is told once a minute, each pause with its end") {
  Told told;
  RunNotices notices(told.options({Event::kPaused, Event::kResumed}), "up", "", nobody_warns);
  for (int i = 0; i < 5; ++i) {
    notices.paused("lag of 12 s");
    notices.resumed("lag of 12 s", 3);
  }
  notices.finish();
  CHECK(names(told.events()) == std::vector<std::string>{"paused", "resumed"});
  CHECK(told.events()[1].at("message") == "runs again after 3.0 s; it was paused: lag of 12 s");
}

TEST_CASE("quarantine is added up over steps and told once") {
  Told told;
  RunNotices notices(told.options({Event::kQuarantine}, 3), "up", "", nobody_warns);
  Counts counts;
  counts.quarantined = 2;
  notices.step_started("a.yaml");
  notices.step_is_at(counts);
  notices.step_ended(counts);
  notices.step_started("b.yaml");
  notices.step_is_at(counts);
  notices.step_ended(counts);
  notices.finish();
  auto events = told.events();
  REQUIRE(events.size() == 1);
  CHECK(events[0].at("documents").at("quarantined") == 4);
  CHECK(events[0].at("migration") == "b.yaml");
}

TEST_CASE("how it ended follows the exit code, and messages hold no password") {
  struct End {
    int exit;
    const char* event;
  };
  for (End end : {End{0, "finished"}, End{3, "finished"}, End{4, "paused"}, End{1, "failed"},
                  End{143, "failed"}}) {
    Told told;
    RunNotices notices(told.options({Event::kPaused, Event::kFailed, Event::kFinished}), "up", "",
                       nobody_warns);
    notices.started("shop", {"a.yaml"});
    notices.heard_error("cannot log in with pa55word");
    Summary summary;
    summary.exit = end.exit;
    notices.ended(summary);
    notices.finish();
    auto events = told.events();
    REQUIRE(events.size() == 1);
    CHECK(events[0].at("event") == end.event);
    CHECK(events[0].at("exit") == end.exit);
    CHECK(events[0].dump().find("pa55word") == std::string::npos);
  }
}

TEST_CASE("a queue that is full loses its oldest, and that is said") {
  Told told;
  NoticeOptions options = told.options({Event::kStarted});
  options.receivers[0].command = {"sh", "-c", "sleep 60"};
  options.receivers[0].timeout = std::chrono::milliseconds(300);
  std::vector<std::string> warnings;
  std::mutex mutex;
  Notifier notifier(options.receivers, "", [&](const std::string& warning) {
    std::lock_guard guard(mutex);
    warnings.push_back(warning);
  });
  Notification notification;
  notification.event = Event::kStarted;
  auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < 70; ++i) notifier.send(0, notification);
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::milliseconds(250));
  notifier.finish();
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(3));
  CHECK(warnings.back().find("it is too slow") != std::string::npos);
  CHECK(warnings.size() >= 65);
}

TEST_CASE("a mail's header is ASCII, in words of at most 75 characters, and one line a field") {
  Notification notification;
  notification.database = std::string(40, 'x') + "größe\nBcc: someone@example.com";
  notification.command = "up";
  notification.message = "ü";
  std::string mail = mail_text(notification, "ops@example.com");
  std::string head = mail.substr(0, mail.find("\n\n"));
  CHECK(std::all_of(head.begin(), head.end(),
                    [](char c) { return static_cast<signed char>(c) > 0; }));
  CHECK(head.find("\nBcc:") == std::string::npos);
  CHECK(head.find("Subject: =?UTF-8?B?") != std::string::npos);
  CHECK(mail.find("\n\nü\n") != std::string::npos);
}

}  // namespace
}  // namespace whimbrel
