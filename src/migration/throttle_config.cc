#include "migration/throttle_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "migration/config_schema.h"
#include "migration/config_values.h"
#include "migration/values.h"

namespace whimbrel {
namespace {

using std::chrono::milliseconds;

Error no_value(std::string_view key, const std::string& text, std::string_view wanted) {
  return Error{ErrorKind::kUsage, fmt::format("throttle.{} '{}' is not {}", key, text, wanted)};
}

Status set_duration(std::optional<milliseconds>& out, std::string_view key,
                    const std::string& text) {
  auto duration = parse_duration(text);
  if (!duration || duration->count() == 0)
    return no_value(key, text, "a duration such as 2s, or off");
  out = *duration;
  return {};
}

Status set_share(std::optional<double>& out, std::string_view key, const std::string& text) {
  auto share = migration::parse_percentage(text);
  if (!share || *share <= 0) return no_value(key, text, "a percentage such as 15%, or off");
  out = *share;
  return {};
}

Status set_count(std::optional<int64_t>& out, std::string_view key, const std::string& text) {
  auto count = parse_count(text);
  if (!count || *count < 1) return no_value(key, text, "a number from 1 on, or off");
  out = *count;
  return {};
}

Status set_word(bool& out, std::string_view key, const std::string& text, std::string_view yes,
                std::string_view no) {
  if (text != yes && text != no) return no_value(key, text, fmt::format("{} or {}", yes, no));
  out = text == yes;
  return {};
}

template <class Value, class Set>
Status set_or_off(std::optional<Value>& out, std::string_view key, const std::string& text,
                  Set set) {
  if (text != "off") return set(out, key, text);
  out.reset();
  return {};
}

}  // namespace

bool ThrottleConfig::has_signals() const {
  return max_lag || max_dirty_cache || max_tickets || max_queue || max_ops || flow_control ||
         custom;
}

std::vector<std::string> throttle_keys() {
  return {"maxLag", "maxDirtyCache", "maxTickets",  "maxQueue",
          "maxOps", "maxRate",       "flowControl", "on_unknown"};
}

Status set_throttle(ThrottleConfig& config, std::string_view key, const std::string& text) {
  if (key == "maxLag") return set_or_off(config.max_lag, key, text, set_duration);
  if (key == "maxDirtyCache") return set_or_off(config.max_dirty_cache, key, text, set_share);
  if (key == "maxTickets") return set_or_off(config.max_tickets, key, text, set_share);
  if (key == "maxQueue") return set_or_off(config.max_queue, key, text, set_count);
  if (key == "maxOps") return set_or_off(config.max_ops, key, text, set_count);
  if (key == "maxRate") return set_or_off(config.max_rate, key, text, set_count);
  if (key == "flowControl") return set_word(config.flow_control, key, text, "on", "off");
  if (key == "on_unknown") {
    return set_word(config.ignores_unknown, key, text, "ignore", "pause");
  }
  auto keys = throttle_keys();
  return Error{ErrorKind::kUsage, fmt::format("throttle has no '{}'{}; there are {}", key,
                                              did_you_mean(key, keys), join(keys, ", "))};
}

namespace migration {

ThrottleConfig read_throttle(ConfigValues& values, ThrottleConfig otherwise) {
  ThrottleConfig config = std::move(otherwise);
  for (const std::string& key : throttle_keys()) {
    auto node = values.find("throttle." + key);
    if (!node) continue;
    Status set = set_throttle(config, key, node->text);
    if (!set) values.problems().add(*node, set.error().message);
  }
  auto custom = values.find("throttle.custom");
  if (!custom) return config;
  CustomSignal signal;
  if (auto command = values.find("throttle.custom.command")) {
    signal.command = to_document(*command, "throttle.custom.command", values.problems());
  }
  if (auto where = values.find("throttle.custom.where")) {
    signal.where = to_document(*where, "throttle.custom.where", values.problems());
  }
  signal.path = values.text("throttle.custom.path", "");
  signal.collection = values.text("throttle.custom.collection", "");
  std::string max = values.text("throttle.custom.max", "");
  signal.max = std::strtod(max.c_str(), nullptr);
  bool asks = !signal.command.view().empty();
  if (max.empty() || asks == !signal.collection.empty() || asks != !signal.path.empty()) {
    values.problems().add(*custom,
                          "throttle.custom needs max, and either command and path, or collection "
                          "(with where)");
  }
  config.custom = std::move(signal);
  return config;
}

}  // namespace migration
}  // namespace whimbrel
