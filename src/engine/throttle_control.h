// From what a server says of its health to how fast a run may go: slower, fewer lanes, pause.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace whimbrel {

/// How fast a run may go, from free to not at all.
enum class Gait {
  kFull,
  kSlower,      ///< lanes rest as long as they work
  kFewerLanes,  ///< one lane at a time, and it rests
  kPaused,      ///< no new batch
};
/// "full", "slower", "fewer lanes", "paused".
std::string_view to_text(Gait gait);

/// One reading of something that has a limit.
struct Signal {
  std::string name;             ///< "lag of rs0-2"
  std::optional<double> value;  ///< nullopt: unknown, or no fresh reading
  double limit = 1;
  std::string shown;  ///< "2.4 s > 2 s"; why it is unknown when it is
};

/// Decides. Signals at their limit pause at once; from three quarters of it on lanes go slower,
/// from nine tenths on there are fewer. Back it goes one gait at a time, when everything has been
/// well below what led there for kCalm. So that a signal that flaps does not make a run flap,
/// nothing but a pause comes within kCalm after the last change.
///
/// What is unknown counts as at its limit, unless the configuration says `on_unknown: ignore`. Time
/// is an argument; not thread-safe.
class ThrottleControl {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::seconds kCalm{5};

  explicit ThrottleControl(bool ignores_unknown = false) : ignores_unknown_(ignores_unknown) {}
  void ignore_unknown(bool ignores) { ignores_unknown_ = ignores; }

  /// The gait from now on. Returns true when it is another than before.
  bool decide(Time now, const std::vector<Signal>& signals);
  Gait gait() const { return gait_; }
  /// Every signal that led to the gait, "lag of rs0-2 2.4 s > 2 s"; "" at full gait.
  const std::string& reason() const { return reason_; }

 private:
  double pressure_of(const Signal& signal) const;
  void change(Time now, Gait gait, const std::vector<Signal>& signals);
  std::string reason_of(const std::vector<Signal>& signals, double from) const;

  bool ignores_unknown_;
  Gait gait_ = Gait::kFull;
  std::string reason_;
  std::optional<Time> changed_;
  std::optional<Time> calm_since_;
};

}  // namespace whimbrel
