// Live figures of the running step: written by lanes, read by whoever shows them.
#pragma once

#include <atomic>
#include <cstdint>

namespace whimbrel {

/// All members may be read and written from any thread; each is exact, together they are a moment
/// apart.
struct Progress {
  std::atomic<int64_t> total{0};  ///< documents expected to be scanned; an estimate
  std::atomic<int64_t> scanned{0};
  std::atomic<int64_t> modified{0};
  std::atomic<int64_t> unchanged{0};
  std::atomic<int64_t> quarantined{0};
  std::atomic<int64_t> conflicts{0};
  std::atomic<int> lanes{0};         ///< lanes at work
  std::atomic<int> batch_docs{0};    ///< documents in the last batch
  std::atomic<int64_t> batch_ms{0};  ///< how long the last batch took
  std::atomic<int64_t> busy_us{0};   ///< how long all batches took, those of every lane added up
  /// What nine of ten small writes beside the run take less than; 0 without a live application.
  std::atomic<int64_t> felt_us{0};
  /// Batches are short, or lanes rest, so that a live application's writes stay quick.
  std::atomic<bool> makes_way{false};

  void reset() {
    total = scanned = modified = unchanged = quarantined = conflicts = 0;
    lanes = 0;
    busy_us = 0;
    felt_us = 0;
    makes_way = false;
  }
};

}  // namespace whimbrel
