#include "engine/throttle_control.h"

#include <algorithm>
#include <array>
#include <limits>

namespace whimbrel {
namespace {

constexpr std::array<std::string_view, 4> kGaits = {"full", "slower", "fewer lanes", "paused"};
// Shares of a signal's limit: from `enter` on the gait is reached, below `leave` it is left.
struct Threshold {
  double enter, leave;
};
constexpr std::array<Threshold, 4> kThresholds = {{{0, 0}, {0.75, 0.6}, {0.9, 0.7}, {1, 0.8}}};

const Threshold& threshold_of(Gait gait) {
  return kThresholds[static_cast<size_t>(gait)];
}

Gait gait_for(double pressure) {
  for (Gait gait : {Gait::kPaused, Gait::kFewerLanes, Gait::kSlower}) {
    if (pressure >= threshold_of(gait).enter) return gait;
  }
  return Gait::kFull;
}

}  // namespace

std::string_view to_text(Gait gait) {
  return kGaits[static_cast<size_t>(gait)];
}

double ThrottleControl::pressure_of(const Signal& signal) const {
  if (!signal.value) return ignores_unknown_ ? 0 : std::numeric_limits<double>::infinity();
  if (signal.limit > 0) return *signal.value / signal.limit;
  return *signal.value > 0 ? std::numeric_limits<double>::infinity() : 0;
}

bool ThrottleControl::decide(Time now, const std::vector<Signal>& signals) {
  double pressure = 0;
  for (const Signal& signal : signals) pressure = std::max(pressure, pressure_of(signal));
  Gait before = gait_;
  Gait wanted = gait_for(pressure);
  bool settled = !changed_ || now - *changed_ >= kCalm;
  if (wanted > gait_) {
    if (wanted == Gait::kPaused || settled) change(now, wanted, signals);
  }
  bool calm = pressure < threshold_of(gait_).leave;
  if (!calm) calm_since_.reset();
  else if (!calm_since_) calm_since_ = now;
  if (calm && settled && now - *calm_since_ >= kCalm) {
    change(now, static_cast<Gait>(static_cast<int>(gait_) - 1), signals);
  } else if (gait_ != Gait::kFull && before == gait_) {
    std::string still = reason_of(signals, threshold_of(gait_).leave);
    if (!still.empty()) reason_ = std::move(still);
  }
  return gait_ != before;
}

void ThrottleControl::change(Time now, Gait gait, const std::vector<Signal>& signals) {
  bool slower = gait > gait_;
  gait_ = gait;
  changed_ = now;
  calm_since_.reset();
  if (gait == Gait::kFull) reason_.clear();
  else if (slower) reason_ = reason_of(signals, threshold_of(gait).enter);
}

std::string ThrottleControl::reason_of(const std::vector<Signal>& signals, double from) const {
  std::string reason;
  for (const Signal& signal : signals) {
    if (pressure_of(signal) < from) continue;
    if (!reason.empty()) reason += ", ";
    reason += signal.name + " " + signal.shown;
  }
  return reason;
}

}  // namespace whimbrel
