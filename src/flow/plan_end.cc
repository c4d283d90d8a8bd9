#include "flow/plan_end.h"

#include <fmt/format.h>

#include <array>
#include <sstream>

#include "base/text.h"
#include "migration/iso_date.h"

namespace whimbrel {
namespace {

using Time = Windows::Time;
using std::chrono::milliseconds;

std::optional<Time> done(const Windows& windows, Time now, double seconds) {
  return windows.done(now, milliseconds(static_cast<int64_t>(seconds * 1000)));
}

Timely judge(const ExpectedEnd& end, Time by) {
  if (!end.is_rehearsed) return Timely::kUnknown;
  // What is rehearsed may be too much already.
  if (!end.p50 || *end.p50 > by) return Timely::kUnlikely;
  if (!end.unknown.empty()) return Timely::kUnknown;
  return end.p90 && *end.p90 <= by ? Timely::kLikely : Timely::kDoubtful;
}

std::string moment_text(const Windows& windows, const std::optional<Time>& at) {
  return at ? windows.time_text(*at) : std::string("not within a year");
}

struct Judgement {
  std::string_view name, sentence;
};
// In the order of Timely.
constexpr std::array<Judgement, 4> kJudgements = {
    {{"likely", "likely: nine of ten such runs are done by then"},
     {"doubtful", "doubtful: half of such runs are done by then, but not nine of ten"},
     {"unlikely", "unlikely: most such runs are not done by then"},
     {"unknown", "not known: not everything is rehearsed"}}};

const Judgement& judgement(Timely timely) {
  return kJudgements[static_cast<size_t>(timely)];
}

/// Written as a window of one second, so that both are read alike.
std::optional<Time> next_time_of_day(const std::string& text, Time now) {
  std::istringstream words(text);
  std::string time, zone, more;
  words >> time >> zone >> more;
  if (!more.empty()) return std::nullopt;
  auto daily = Windows::parse({fmt::format("{0}:00-{0}:01 {1}", time, zone)});
  return daily ? daily->opens(now) : std::nullopt;
}

}  // namespace

std::string to_text(Timely timely) {
  return std::string(judgement(timely).name);
}

ExpectedEnd expected_end(const ExpectedWork& work, const TimeLimits& limits, Time now) {
  ExpectedEnd end;
  end.unknown = work.unknown;
  end.is_rehearsed = work.p90 > 0 || work.unknown.empty();
  if (end.is_rehearsed) end.p50 = done(limits.windows, now, work.p50);
  if (end.is_rehearsed) end.p90 = done(limits.windows, now, work.p90);
  if (limits.finish_by) end.by_wish = judge(end, *limits.finish_by);
  if (limits.max_time.count() > 0) end.in_one_go = judge(end, now + limits.max_time);
  return end;
}

std::vector<std::string> end_lines(const ExpectedEnd& end, const TimeLimits& limits, Time now) {
  const Windows& windows = limits.windows;
  std::vector<std::string> lines;
  if (!windows.are_set() && !end.by_wish && !end.in_one_go) return lines;
  if (windows.are_set()) {
    lines.push_back(fmt::format("the window {} {}", windows.text(),
                                windows.is_open(now) ? "is open now" : "is closed now"));
  }
  if (end.is_rehearsed) {
    lines.push_back(
        fmt::format("if it begins now, what is rehearsed will be done by {} (P50), {} (P90)",
                    moment_text(windows, end.p50), moment_text(windows, end.p90)));
  }
  if (!end.unknown.empty()) {
    lines.push_back(
        fmt::format("not rehearsed, so without an expected end: {}", join(end.unknown, ", ")));
  }
  if (end.by_wish) {
    lines.push_back(fmt::format("done by {}: {}", windows.time_text(*limits.finish_by),
                                judgement(*end.by_wish).sentence));
  }
  if (end.in_one_go) {
    lines.push_back(fmt::format("done before it stops for --max-time, {}: {}",
                                windows.time_text(now + limits.max_time),
                                judgement(*end.in_one_go).sentence));
  }
  return lines;
}

Result<Time> parse_moment(const std::string& text, Time now) {
  if (auto date = migration::parse_iso_date(text)) return Time(milliseconds(*date));
  if (auto next = next_time_of_day(text, now)) return *next;
  return Error{ErrorKind::kUsage,
               fmt::format("'{}' is neither a date with its zone nor a time of the day", text),
               "for example 2026-12-24T06:00Z, or \"06:00 Europe/Berlin\""};
}

}  // namespace whimbrel
