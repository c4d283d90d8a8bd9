// `throttle:` of whimbrel.yaml: what a run may do to the database before it goes slower or pauses.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "mongo/bson.h"

namespace whimbrel {

/// A number of the user's own: read from the reply of a command, or counted.
struct CustomSignal {
  mongo::Document command;  ///< run on the project's database; empty: the documents are counted
  std::string path;         ///< of the number in its reply, "a.b"
  std::string collection;
  mongo::Document where;
  double max = 0;
};

/// Unset means: no limit. Limits of the server hold for all that it does, not only for a run.
struct ThrottleConfig {
  std::optional<std::chrono::milliseconds> max_lag;  ///< of any secondary
  std::optional<double> max_dirty_cache;             ///< share of WiredTiger's cache, 0.15 for 15%
  std::optional<double> max_tickets;                 ///< share of its tickets in use
  std::optional<int64_t> max_queue;                  ///< operations that wait for a lock or ticket
  std::optional<int64_t> max_ops;                    ///< operations a second of the whole server
  std::optional<int64_t> max_rate;                   ///< documents a second of the run
  bool flow_control = false;                         ///< pause while the server holds writes back
  bool ignores_unknown = false;                      ///< `on_unknown: ignore`
  std::optional<CustomSignal> custom;

  /// Whether there is anything to ask the server for.
  bool has_signals() const;
};

/// The keys that set_throttle() knows, as the file has them.
std::vector<std::string> throttle_keys();
/// Sets one of them: "maxLag" to "5s", "maxDirtyCache" to "15%", "off" for no limit. kUsage with
/// what would be right.
Status set_throttle(ThrottleConfig& config, std::string_view key, const std::string& text);

namespace migration {
class ConfigValues;
/// The whole section, checked before (config_schema.h).
ThrottleConfig read_throttle(ConfigValues& values, ThrottleConfig otherwise);
}  // namespace migration

}  // namespace whimbrel
