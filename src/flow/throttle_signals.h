// The signals of `throttle:`, read from the server.
#pragma once

#include <chrono>
#include <vector>

#include "engine/throttle_control.h"
#include "migration/throttle_config.h"
#include "mongo/health.h"

namespace whimbrel {

/// Not thread-safe; borrows client and probe. Answers of the client should have a limit of some
/// seconds.
class ThrottleSignals {
 public:
  ThrottleSignals(mongo::Client& client, mongo::HealthProbe& probe, std::string database)
      : client_(client), probe_(probe), database_(std::move(database)) {}

  /// One reading of each signal that has a limit. What could not be read is unknown, with the
  /// reason: that is no error.
  std::vector<Signal> read(const ThrottleConfig& config);

 private:
  Signal operations(const mongo::Health& health, int64_t limit);
  Signal custom(const CustomSignal& signal);

  mongo::Client& client_;
  mongo::HealthProbe& probe_;
  std::string database_;
  int64_t operations_ = -1;  ///< of the last reading
  std::chrono::steady_clock::time_point read_at_{};
};

}  // namespace whimbrel
