// observe: what a run does, told to people and programs: live region, plain lines, NDJSON, log
// file, record.
//
// The smoothed rate behind every percentage and ETA.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace whimbrel {

/// An exponentially weighted rate with a time constant of 10 s. Not thread-safe.
class RateMeter {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// Starts measuring at `done` documents; what was done before does not count.
  void start(Time now, int64_t done);
  void update(Time now, int64_t done);

  double per_second() const { return rate_; }
  /// Seconds until `total`; nullopt while there is nothing to judge by (the first second, a rate of
  /// zero, no document for 10 s, no total). Never negative.
  std::optional<double> eta(int64_t total, int64_t done) const;

 private:
  Time last_{};
  Time moved_{};  ///< when the last document came
  int64_t last_done_ = 0;
  double seconds_ = 0;
  double rate_ = 0;
};

/// 0 to 100; below 100 until `done` reaches `total`. nullopt without a total.
std::optional<double> percent(int64_t total, int64_t done);

}  // namespace whimbrel
