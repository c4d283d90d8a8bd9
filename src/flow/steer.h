// `pause`, `resume`, `cancel`, `set`: asks a run for something, through its document.
#pragma once

#include <chrono>
#include <string>

#include "flow/history.h"
#include "state/steering.h"

namespace whimbrel {

struct SteerRequest {
  SteeringEvent event = SteeringEvent::kPause;  ///< kPause, kResume, kCancel or kSet
  std::string migration;                        ///< "" for the run that is under way, or was last
  std::vector<std::pair<std::string, std::string>> settings;  ///< of kSet
  std::string why;                             ///< for the audit and for whoever looks
  std::chrono::milliseconds patience{10'000};  ///< how long to wait for the run's answer
};

struct SteerOutcome {
  enum class Answer {
    kObeyed,
    kKept,    ///< nobody works on it: it holds for whoever goes on with it
    kEnded,   ///< the run came to its end meanwhile
    kSilent,  ///< no answer yet: it goes on waiting for it
  };
  Answer answer = Answer::kObeyed;
  Run run;  ///< as it is now
};

/// The run that is meant, with what it is seen to be.
struct SteeredRun {
  Run run;
  SteeringState state = SteeringState::kInterrupted;
};
/// kNotFound when there is none.
Result<SteeredRun> find_steered(Project& project, const std::string& migration);

/// Errors: kNotFound; kFailed with the reason when the run's state (state/steering.h) or its kind
/// does not allow it; kUsage for a setting that there is not. It is audited before it is asked.
Result<SteerOutcome> steer(Project& project, const SteerRequest& request, const Stop& stop);

}  // namespace whimbrel
