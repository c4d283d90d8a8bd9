// `log:` of whimbrel.yaml.
#pragma once

#include <cstdint>

namespace whimbrel {

/// When the log file of a run is put aside for a new one.
struct LogConfig {
  int64_t max_size = 100 << 20;  ///< bytes
  int64_t keep = 10;             ///< files that were put aside; older ones are removed
};

}  // namespace whimbrel
