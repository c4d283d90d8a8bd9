// When the work of a plan will be done, as far as it was rehearsed.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/window.h"

namespace whimbrel {

/// What bounds the time of an `up` that is planned.
struct TimeLimits {
  Windows windows;
  std::chrono::milliseconds max_time{0};   ///< after which `up` stops, resumably; 0: never
  std::optional<Windows::Time> finish_by;  ///< when it should be done
};

/// Whether something is done by a moment, judged by P50 and P90 of what was rehearsed.
enum class Timely { kLikely, kDoubtful, kUnlikely, kUnknown };
std::string to_text(Timely timely);

struct ExpectedEnd {
  bool is_rehearsed = false;              ///< at least in part
  std::optional<Windows::Time> p50, p90;  ///< nullopt: not within a year, or nothing is rehearsed
  std::vector<std::string> unknown;       ///< migrations whose time nobody measured
  std::optional<Timely> by_wish;          ///< by TimeLimits::finish_by
  std::optional<Timely> in_one_go;        ///< before TimeLimits::max_time is over
};

/// What is known of how long the migrations take.
struct ExpectedWork {
  double p50 = 0, p90 = 0;           ///< seconds, of all that were rehearsed
  std::vector<std::string> unknown;  ///< files with documents that were not
};

/// If the work begins at `now` and goes on in the windows only.
ExpectedEnd expected_end(const ExpectedWork& work, const TimeLimits& limits, Windows::Time now);

/// For people, a sentence a line; none without a limit.
std::vector<std::string> end_lines(const ExpectedEnd& end, const TimeLimits& limits,
                                   Windows::Time now);

/// A date with a zone ("2026-12-24T06:00+01:00"), or a time of day ("06:00 Europe/Berlin", UTC
/// without a zone), which means the next one after `now`. kUsage for anything else.
Result<Windows::Time> parse_moment(const std::string& text, Windows::Time now);

}  // namespace whimbrel
