// Keeps samples of a step while it runs.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/progress.h"
#include "flow/project.h"
#include "mongo/health.h"
#include "state/samples.h"

namespace whimbrel {

/// Every second at first, then less and less often, so that a step of a day has some hundreds. What
/// is done in a few seconds, below 20,000 documents, has the last sample only. Nothing that goes
/// wrong here is an error: a sample is then missing.
class Sampling {
 public:
  /// For many documents, starts a thread with a connection of its own; `progress` is read until
  /// finish().
  Sampling(mongo::Client& client, std::string database, StepKey key, int64_t documents,
           const Progress& progress);

  /// Ends the thread and keeps the last sample, by the client of the caller.
  void finish();

 private:
  void work(const std::stop_token& ended);
  Sample now(mongo::Client& client, mongo::HealthProbe& probe);

  mongo::Client& client_;
  std::optional<mongo::Client> own_;  // the thread's
  std::string database_;
  StepKey key_;
  const Progress& progress_;
  std::optional<mongo::Health> last_;  // the thread's, until it has ended
  std::mutex mutex_;
  std::condition_variable_any ends_;
  std::jthread thread_;
};

}  // namespace whimbrel
