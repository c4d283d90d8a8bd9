// `notify test`, and what is told of commands that came to nothing.
#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "base/process.h"
#include "base/text.h"
#include "cli/commands.h"
#include "observe/delivery.h"

namespace whimbrel {
namespace {

using Json = nlohmann::ordered_json;

struct Tried {
  std::string receiver;
  Answer answer;
  double seconds = 0;
};

Result<Config> config_of(const Arguments& arguments) {
  Scripts scripts(project_directory(arguments.sources), Scripts::Output::kCaptured);
  return read_project_config(arguments.sources, scripts);
}

Status check_words(const Arguments& arguments) {
  if (arguments.words != std::vector<std::string>{"test"}) {
    return Error{ErrorKind::kUsage, "notify needs what to do: test", "whimbrel notify test"};
  }
  auto names = notify_event_names();
  if (notify_event(arguments.event)) return {};
  return Error{ErrorKind::kUsage,
               fmt::format("--event '{}' is none of {}{}", arguments.event, join(names, ", "),
                           did_you_mean(arguments.event, names)),
               "whimbrel help notify"};
}

Notification test_event(const Config& config, const std::string& event) {
  Notification notification;
  notification.event = *notify_event(event);
  notification.at = wall_clock();
  notification.database = config.database;
  notification.environment = config.environment;
  notification.host = this_process().host;
  notification.command = "up";
  notification.message = "A test of `whimbrel notify test`: nothing was migrated.";
  notification.key = mongo::new_object_id() + "-test-" + event;
  notification.test = true;
  return notification;
}

Tried try_receiver(const Receiver& receiver, const Notification& notification,
                   const std::string& directory) {
  std::atomic<bool> never{false};
  auto begun = std::chrono::steady_clock::now();
  Tried tried{receiver.shown(), deliver(receiver, notification, directory, never)};
  tried.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  return tried;
}

void show(const std::vector<Tried>& all, Output output) {
  if (output == Output::kText) {
    for (const Tried& tried : all) {
      fmt::print("{:<7} {}: {}\n", tried.answer.taken ? "ok" : "failed", tried.receiver,
                 tried.answer.text);
    }
    return;
  }
  Json rows = Json::array();
  for (const Tried& tried : all) {
    rows.push_back({{"receiver", tried.receiver},
                    {"ok", tried.answer.taken},
                    {"answer", tried.answer.text},
                    {"seconds", tried.seconds}});
  }
  Json json{{"schema", 1}};
  json["receivers"] = rows;
  fmt::print("{}\n", json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

bool tells_its_failure(const Arguments& arguments, const Error& error) {
  bool runs = arguments.command == "up" || arguments.command == "down";
  return runs && !arguments.dry_run && !arguments.help && error.kind != ErrorKind::kUsage;
}

}  // namespace

Result<int> run_notify(const Arguments& arguments) {
  TRY(check_words(arguments));
  Config config = TRY(config_of(arguments));
  TRY(check_receivers(config));
  if (config.notify.receivers.empty()) {
    return Error{ErrorKind::kBadConfig, "nobody is notified: `notify:` names no receiver",
                 "add for example `notify: [ { webhook: \"${SLACK_URL}\" } ]` to whimbrel.yaml"};
  }
  Notification notification = test_event(config, arguments.event);
  std::vector<Tried> all;
  bool good = true;
  for (const Receiver& receiver : config.notify.receivers) {
    all.push_back(try_receiver(receiver, notification, config.directory));
    good = good && all.back().answer.taken;
  }
  show(all, arguments.output);
  return good ? 0 : exit_code(ErrorKind::kFailed);
}

void notify_of_refusal(const Arguments& arguments, const Error& error) {
  if (!tells_its_failure(arguments, error)) return;
  auto config = config_of(arguments);
  if (!config || config->notify.receivers.empty()) return;
  NoticeOptions options{config->notify.receivers, config->database, config->environment,
                        config->uri, config->directory};
  RunNotices notices(options, arguments.command, "", [](const std::string& warning) {
    fmt::print(stderr, "warning: {}\n", warning);
  });
  notices.heard_error(error.message);
  Summary summary;
  summary.exit = exit_code(error.kind);
  notices.ended(summary);
  notices.finish();
}

}  // namespace whimbrel
