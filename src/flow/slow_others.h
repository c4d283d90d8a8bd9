// Slow operations of others while a run works.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "mongo/client.h"

namespace whimbrel {

/// Operations of a second or longer that are not whimbrel's own, told by its appName.
struct SlowOthers {
  int64_t count = 0;    ///< at most 20 are looked at
  std::string longest;  ///< "aggregate shop.orders by billing"; "" when there is none
  double seconds = 0;   ///< that it had run for
};

/// nullopt where the user may not ask (`inprog`), or nobody answers in time.
std::optional<SlowOthers> read_slow_others(mongo::Client& client,
                                           std::chrono::milliseconds patience);

/// "slow operations 2 (aggregate shop.orders by billing, 12.4 s)"; "" when there is none.
std::string slow_text(const SlowOthers& others);

}  // namespace whimbrel
