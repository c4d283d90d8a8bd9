// Control: what people ask of a run that is under way, and what became of it, in the run's
// document.
#pragma once

#include <optional>
#include <string>

#include "mongo/collection.h"
#include "state/changelog.h"

namespace whimbrel {

/// The newest request (docs/state.md, `control`). A new one replaces it; settings are kept and
/// added to.
struct Control {
  enum class Wanted { kRun, kPause, kCancel };
  int64_t number = 0;  ///< grows with each request
  Wanted wanted = Wanted::kRun;
  mongo::Document settings;  ///< `{"throttle.maxLag": "5s", …}`, as they were typed
  std::string by;            ///< "user@host"
  std::string why;
  int64_t at = 0;  ///< milliseconds, server time

  static Control from(mongo::View document);
};

/// What the process that works on the run has made of it (docs/state.md, `steered`).
struct Steered {
  int64_t number = 0;   ///< of the last request that was obeyed or refused
  std::string state;    ///< "running", "throttled", "paused", "waiting"
  std::string reason;   ///< why it is not simply running; also "slower" and "fewer lanes" say why
  std::string gait;     ///< "full", "slower", "fewer lanes", "paused"
  std::string refused;  ///< why request `number` could not be obeyed; "" if it was
  int64_t since = 0;    ///< milliseconds, server time: of the state

  mongo::Document to_document() const;
  static Steered from(mongo::View document);
};

class Controls {
 public:
  Controls(mongo::Client& client, std::string_view database)
      : runs_(client, database, kRunsCollection) {}

  /// Asks for it; returns the request's number, 0 when the run has gone from that epoch: somebody
  /// else works on it now, or nobody.
  Result<int64_t> request(const std::string& run, int64_t epoch, const Control& control) const;
  Status save(const std::string& run, const Steered& steered) const;

 private:
  mongo::Collection runs_;
};

}  // namespace whimbrel
