// Watches over a run while it works: people's requests, the database's health, the clock.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "flow/project.h"
#include "flow/run_settings.h"
#include "flow/throttle_signals.h"
#include "state/runs.h"
#include "state/steering.h"

namespace whimbrel {

/// Ten times a second a thread reads the signals (engine/throttle_control.h decides), twice a
/// second what people ask of the runs of this lock (state/control.h), and looks at the windows, by
/// the server's clock. What comes of it stands in the throttle that lanes pass, is written into the
/// runs' documents and told to the reporter.
///
/// Without signals, windows and requests it costs two small reads a second.
class RunControl {
 public:
  RunControl(Project& project, int64_t epoch, Reporter& reporter, Stop& stop, RunLimits limits);
  ~RunControl();

  /// Looks once, so that what begins begins rightly, and starts the thread.
  Status start();
  /// Before the lanes of `run` begin: what stands in its document holds from the first batch on.
  void take_up(const Run& run);
  Throttle& throttle() { return throttle_; }

 private:
  using Clock = std::chrono::steady_clock;

  void work(const std::stop_token& ended);
  void look();
  void hear();
  void obey(const Run& run);
  void apply(const mongo::Document& settings);
  void feel();
  void show_server();
  void watch_the_clock();
  void settle();
  void happens(SteeringEvent event);
  std::string reason() const;
  void tell();
  void tell_people(SteeringState before);
  void end_if_nobody_waits();

  Project& project_;
  std::optional<mongo::Client> client_;  // the thread's
  int64_t epoch_;
  Reporter& reporter_;
  Stop& stop_;
  RunLimits limits_;
  RunSettings settings_;
  Throttle throttle_;
  ThrottleControl control_;
  std::optional<mongo::HealthProbe> probe_;
  std::optional<ThrottleSignals> signals_;
  Clock::time_point shown_{};

  std::mutex mutex_;                       // what take_up() and the thread share: all below
  std::map<std::string, int64_t> obeyed_;  ///< number of the last request of each run
  std::string paused_by_;                  ///< "" unless a person paused it
  std::string refused_;
  std::string closed_;     ///< why the window is closed, "" when it is open
  Windows::Time turns_{};  ///< when it opens or closes next
  SteeringState state_ = SteeringState::kRunning;
  Clock::time_point since_ = Clock::now();
  Clock::time_point held_since_;  ///< while it does not run
  std::string held_why_;
  std::map<std::string, std::string> told_;  ///< by run: what its document says
  Gait told_gait_ = Gait::kFull;
  Clock::time_point heard_{};
  std::condition_variable_any ends_;
  std::jthread thread_;  // last: it uses all others
};

}  // namespace whimbrel
