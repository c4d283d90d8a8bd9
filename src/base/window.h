// When a run may work: hours of the day in a time zone, and dates on which it may not.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace whimbrel {

/// One or several windows such as "Mon-Fri 22:00-06:00 Europe/Berlin", and blackout dates such as
/// "except 2026-12-24..2026-12-26 Europe/Berlin". Days, and seconds of a time ("22:00:30"), may be
/// left out; a zone that is left out is UTC. A window belongs to the day that it begins on, and
/// goes over midnight when it ends no later than it begins.
///
/// Local times that a change of the clocks leaves out mean the moment of the change; of those that
/// come twice, the first is meant. Zones are those of the system's tzdata. Immutable; any thread.
class Windows {
 public:
  using Time = std::chrono::sys_time<std::chrono::milliseconds>;

  /// Always open.
  Windows() = default;
  /// kUsage naming the text that is no window, with what would be one.
  static Result<Windows> parse(const std::vector<std::string>& texts);

  /// Whether there is any limit at all.
  bool are_set() const { return !spans_.empty() || !blackouts_.empty(); }
  bool is_open(Time at) const;
  /// When the opening that `at` lies in ends; nullopt: not within a year, or it is closed.
  std::optional<Time> closes(Time at) const;
  /// The first moment from `at` on that is open; nullopt: none within a year.
  std::optional<Time> opens(Time at) const;
  /// When work of that length that begins at `at` is done, if it goes on only while it is open;
  /// nullopt: not within a year.
  std::optional<Time> done(Time at, std::chrono::milliseconds work) const;

  /// "Sun 2026-11-29 22:00:00 Europe/Berlin", in the zone of the first window.
  std::string time_text(Time at) const;
  /// The windows as they were given, "; " between them.
  std::string text() const;

 private:
  struct Span {
    unsigned days = 0;  ///< bit 0: Sunday
    std::chrono::seconds from{0}, to{0};
    std::string zone;
  };
  struct Blackout {
    std::chrono::sys_days first, last;  ///< local dates
    std::string zone;
  };
  struct Interval {
    Time from, to;
  };

  static std::optional<Span> parse_span(const std::vector<std::string>& words);
  static std::optional<Blackout> parse_blackout(const std::vector<std::string>& words);
  Status add(const std::string& text);
  std::vector<Interval> intervals_around(Time at, int days) const;
  std::optional<Time> blackout_end(Time at) const;
  std::optional<Time> next_blackout(Time at) const;

  std::vector<Span> spans_;
  std::vector<Blackout> blackouts_;
  std::vector<std::string> texts_;
};

}  // namespace whimbrel
