#include "flow/run_settings.h"

#include <fmt/format.h>

#include <sstream>

#include "base/text.h"
#include "flow/task_plan.h"
#include "migration/fields.h"

namespace whimbrel {
namespace {

constexpr std::string_view kThrottle = "throttle.";

Error no_value(std::string_view key, const std::string& value, std::string_view wanted) {
  return Error{ErrorKind::kUsage, fmt::format("{} '{}' is not {}", key, value, wanted)};
}

Result<int> read_number(std::string_view key, const std::string& value, int64_t most) {
  auto number = parse_count(value);
  if (number && *number >= 1 && *number <= most) return static_cast<int>(*number);
  return no_value(key, value, fmt::format("a number from 1 to {}", most));
}

Result<int64_t> read_errors(std::string_view key, const std::string& value) {
  auto number = parse_count(value);
  if (number && *number >= 0) return *number;
  return no_value(key, value, "a number of documents; a share is taken when `up` begins only");
}

/// "off" for always open; several windows have "; " between them.
Result<Windows> read_windows(const std::string& value) {
  if (value == "off") return Windows();
  std::vector<std::string> texts;
  std::istringstream parts(value);
  for (std::string part; std::getline(parts, part, ';');) texts.emplace_back(trim(part));
  if (texts.empty())
    return no_value("window", value, "one such as 22:00-06:00 Europe/Berlin, or off");
  return Windows::parse(texts);
}

Status set_nice(RunSettings& settings, const std::string& value) {
  EngineConfig engine;
  settings.throttle = ThrottleConfig{.max_rate = settings.throttle.max_rate};
  if (!apply_nice(value, engine, settings.throttle)) {
    return no_value("nice", value, "one of gentle, normal, fast");
  }
  settings.lanes.batch_docs = engine.batch_docs;
  settings.lanes.batch_time = engine.batch_time;
  // What the step itself has may come from another word: the run may have begun gently.
  if (value == "gentle") settings.lanes.workers = 1;
  if (value == "fast") settings.lanes.workers = auto_workers();
  return {};
}

}  // namespace

RunLimits limits_of(const Config& config) {
  RunLimits limits;
  limits.settings.throttle = config.throttle;
  limits.settings.lanes.max_rate = config.throttle.max_rate;
  return limits;
}

Status apply_setting(RunSettings& settings, std::string_view key, const std::string& value) {
  LaneSettings& lanes = settings.lanes;
  if (key == "workers") {
    lanes.workers = TRY(read_number(key, value, 64));
  } else if (key == "batch.docs") {
    lanes.batch_docs = TRY(read_number(key, value, 100'000));
  } else if (key == "batch.time") {
    auto time = parse_duration(value);
    bool valid = time && time->count() > 0 && time->count() <= migration::kMaxBatchMilliseconds;
    if (!valid) return no_value(key, value, "a duration such as 100ms, of at most 30s");
    lanes.batch_time = *time;
  } else if (key == "maxErrors") {
    lanes.max_errors = TRY(read_errors(key, value));
  } else if (key == "window") {
    settings.windows = TRY(read_windows(value));
  } else if (key == "nice") {
    return set_nice(settings, value);
  } else if (key == "maxRate" || key == "maxOps") {
    TRY(set_throttle(settings.throttle, key, value));
  } else if (key.starts_with(kThrottle)) {
    TRY(set_throttle(settings.throttle, key.substr(kThrottle.size()), value));
  } else {
    auto keys = setting_keys();
    return Error{ErrorKind::kUsage, fmt::format("there is no setting '{}'{}; there are {}", key,
                                                did_you_mean(key, keys), join(keys, ", "))};
  }
  lanes.max_rate = settings.throttle.max_rate;
  return {};
}

std::vector<std::string> setting_keys() {
  std::vector<std::string> keys = {"workers",   "batch.docs", "batch.time",
                                   "maxErrors", "nice",       "window"};
  for (const std::string& key : throttle_keys()) keys.push_back(std::string(kThrottle) + key);
  return keys;
}

}  // namespace whimbrel
