// How long a batch may take beside a live application: as long as that one's writes stay quick.
#pragma once

#include <atomic>
#include <chrono>

#include "base/stop.h"

namespace whimbrel {

/// The controller of a step. Alone, batches take the limit's time. Beside an application they start
/// short, get longer while a small write takes hardly longer than it did while the lanes held still
/// (90th percentiles), and shorter from 1.3 times as long on, down to kShortestBatch. From three
/// times on lanes rest between those, for at most seven eighths of the time.
///
/// The aim is that the application's own 99th percentile stays within three times the quiet one
/// (bench/live). One thread measures and calls is_alone(), is_beside() and felt(); lanes read.
class Pace {
 public:
  using Duration = std::chrono::duration<double, std::milli>;
  static constexpr Duration kShortestBatch{4};

  explicit Pace(Duration limit) : limit_(limit), time_(limit.count()) {}

  void is_alone();
  /// `quiet` is how long a write takes while the lanes hold still.
  void is_beside(Duration quiet);
  /// `took` is how long a write takes while they work. Without effect while we are alone.
  void felt(Duration took);

  bool knows_application() const { return beside_; }
  /// What a batch may take.
  Duration batch_time() const;
  /// How long a lane rests after a batch that took that long.
  std::chrono::milliseconds rest_after(Duration took) const;

 private:
  Duration shortest() const;
  void set(Duration time);

  Duration limit_;
  Duration quiet_{0};
  std::atomic<bool> beside_{false};
  /// Milliseconds; below shortest() the share of it is the share of time that lanes work.
  std::atomic<double> time_;
};

}  // namespace whimbrel
