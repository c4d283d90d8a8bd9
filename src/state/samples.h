// Samples: how far a step of a run was, from time to time. For `report`; nothing depends on them.
#pragma once

#include <optional>
#include <vector>

#include "state/ranges.h"

namespace whimbrel {

/// A document of kSamplesCollection (docs/state.md). Numbers are those of the step so far, over all
/// resumptions.
struct Sample {
  int step = 0;
  int64_t at = 0;  ///< milliseconds, server time
  int64_t scanned = 0, modified = 0, quarantined = 0, conflicts = 0;
  int lanes = 0;
  int64_t batch_ms = 0;               ///< how long the last batch took
  std::optional<double> write_ms;     ///< nine of ten small writes beside it took less; where
                                      ///< an application is at work
  std::optional<double> lag_seconds;  ///< of the secondary that is furthest behind, where known
  // The server's own, where known; shares are 0 to 1.
  std::optional<double> cache_used_share, cache_dirty_share;
  std::optional<double> tickets_out_share;  ///< of readers' or writers', whichever has fewer left
  std::optional<double> ops_per_second;     ///< of all clients, since the sample before
  std::optional<int64_t> connections;
  std::optional<int64_t> queue;  ///< operations that wait for a lock
  std::optional<int64_t> resident_bytes;
  std::optional<int64_t> slow_operations;  ///< of others, a second and longer
  std::string slowest;                     ///< of those: what it is and whose; "" without one
  std::optional<double> slowest_seconds;
};

class Samples {
 public:
  Samples(mongo::Client& client, std::string_view database)
      : samples_(client, database, kSamplesCollection) {}

  Status add(const StepKey& key, const Sample& sample) const;
  /// Of all steps of the run, in the order of steps and time. A document with a newer `v` is
  /// refused with its number.
  Result<std::vector<Sample>> read(const std::string& run) const;
  Status remove(const std::string& run) const;

 private:
  mongo::Collection samples_;
};

}  // namespace whimbrel
