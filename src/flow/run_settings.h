// What can be set of a run while it is under way, and what it starts with.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/window.h"
#include "engine/throttle.h"
#include "migration/config.h"

namespace whimbrel {

struct RunSettings {
  LaneSettings lanes;
  ThrottleConfig throttle;
  std::optional<Windows> windows;  ///< instead of those that the run began with
};

/// What a command may take of the database: by configuration and command line.
struct RunLimits {
  RunSettings settings;
  Windows windows;
  enum class Held { kWaits, kEnds };
  Held held = Held::kWaits;  ///< kEnds with `--no-wait`: where it would wait, it ends with 4
};

/// By the configuration alone, without its windows.
RunLimits limits_of(const Config& config);

/// Sets "workers", "batch.docs", "batch.time", "maxErrors", "nice", "window", "maxRate", "maxOps"
/// or "throttle.KEY".
/// kUsage with did-you-mean, or with what would be right.
Status apply_setting(RunSettings& settings, std::string_view key, const std::string& value);
std::vector<std::string> setting_keys();

}  // namespace whimbrel
