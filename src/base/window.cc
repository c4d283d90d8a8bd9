#include "base/window.h"

#include <date/tz.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <sstream>

#include "base/text.h"

namespace whimbrel {
namespace {

using std::chrono::days;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::sys_days;

constexpr int kYear = 366;
constexpr unsigned kEveryDay = 0x7f;
constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

std::optional<unsigned> day_number(std::string_view name) {
  for (unsigned i = 0; i < kDays.size(); ++i) {
    if (kDays[i] == name) return i;
  }
  return std::nullopt;
}

/// "Mon-Fri", "Sat,Sun", "Fri-Mon,Wed" as bits.
std::optional<unsigned> parse_days(const std::string& word) {
  unsigned bits = 0;
  std::istringstream parts(word);
  for (std::string part; std::getline(parts, part, ',');) {
    auto first = day_number(part.substr(0, 3));
    bool range = part.size() == 7 && part[3] == '-';
    auto last = range ? day_number(part.substr(4)) : first;
    if (!first || !last || (!range && part.size() != 3)) return std::nullopt;
    for (unsigned day = *first;; day = (day + 1) % 7) {
      bits |= 1U << day;
      if (day == *last) break;
    }
  }
  return bits == 0 ? std::nullopt : std::optional(bits);
}

std::optional<int> digits(std::string_view text, int most) {
  if (text.size() != 2 || !isdigit(text[0]) || !isdigit(text[1])) return std::nullopt;
  int value = (text[0] - '0') * 10 + (text[1] - '0');
  return value <= most ? std::optional(value) : std::nullopt;
}

/// "22:00", "22:00:30"; "24:00" is the end of the day.
std::optional<seconds> parse_time(std::string_view text) {
  bool has_seconds = text.size() == 8;
  if ((text.size() != 5 && !has_seconds) || text[2] != ':' || (has_seconds && text[5] != ':')) {
    return std::nullopt;
  }
  auto hour = digits(text.substr(0, 2), 24), minute = digits(text.substr(3, 2), 59);
  auto second = has_seconds ? digits(text.substr(6), 59) : std::optional(0);
  if (!hour || !minute || !second) return std::nullopt;
  seconds time = std::chrono::hours(*hour) + std::chrono::minutes(*minute) + seconds(*second);
  return time <= std::chrono::hours(24) ? std::optional(time) : std::nullopt;
}

std::optional<sys_days> parse_date(const std::string& text) {
  std::istringstream in(text);
  date::sys_days day;
  in >> date::parse("%F", day);
  if (in.fail() || text.size() != 10) return std::nullopt;
  return sys_days(day.time_since_epoch());
}

bool zone_exists(const std::string& name) {
  try {
    date::locate_zone(name);
    return true;
  } catch (const std::runtime_error&) {
    return false;
  }
}

/// The moment that the clocks of `zone` show that.
Windows::Time moment(const std::string& zone, sys_days day, seconds time) {
  date::local_seconds local{day.time_since_epoch() + time};
  auto at = date::locate_zone(zone)->to_sys(local, date::choose::earliest);
  return Windows::Time(std::chrono::duration_cast<milliseconds>(at.time_since_epoch()));
}

sys_days local_day(const std::string& zone, Windows::Time at) {
  date::sys_time<milliseconds> sys{at.time_since_epoch()};
  auto local = date::floor<date::days>(date::locate_zone(zone)->to_local(sys));
  return sys_days(days(local.time_since_epoch().count()));
}

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

}  // namespace

std::optional<Windows::Span> Windows::parse_span(const std::vector<std::string>& words) {
  Span span{.days = kEveryDay, .zone = "UTC"};
  size_t at = 0;
  if (!words.empty() && isalpha(static_cast<unsigned char>(words[0][0]))) {
    auto bits = parse_days(words[at++]);
    if (!bits) return std::nullopt;
    span.days = *bits;
  }
  if (at == words.size()) return std::nullopt;
  const std::string& hours = words[at++];
  size_t dash = hours.find('-');
  if (dash == std::string::npos) return std::nullopt;
  auto from = parse_time(hours.substr(0, dash)), to = parse_time(hours.substr(dash + 1));
  if (!from || !to) return std::nullopt;
  span.from = *from;
  span.to = *to > *from ? *to : *to + std::chrono::hours(24);
  if (at < words.size()) span.zone = words[at++];
  return at == words.size() ? std::optional(span) : std::nullopt;
}

std::optional<Windows::Blackout> Windows::parse_blackout(const std::vector<std::string>& words) {
  if (words.size() < 2 || words.size() > 3 || words[0] != "except") return std::nullopt;
  size_t dots = words[1].find("..");
  auto first = parse_date(words[1].substr(0, dots));
  auto last = dots == std::string::npos ? first : parse_date(words[1].substr(dots + 2));
  if (!first || !last || *last < *first) return std::nullopt;
  return Blackout{*first, *last, words.size() == 3 ? words[2] : "UTC"};
}

Status Windows::add(const std::string& text) {
  auto words = words_of(text);
  auto blackout = parse_blackout(words);
  auto span = blackout ? std::nullopt : parse_span(words);
  if (!blackout && !span) {
    return Error{ErrorKind::kUsage,
                 fmt::format("'{}' is no window such as \"Mon-Fri 22:00-06:00 Europe/Berlin\", nor "
                             "dates such as \"except 2026-12-24..2026-12-26 Europe/Berlin\"",
                             text)};
  }
  const std::string& zone = blackout ? blackout->zone : span->zone;
  if (!zone_exists(zone)) {
    return Error{ErrorKind::kUsage,
                 fmt::format("'{}': this machine knows no time zone '{}'", text, zone),
                 "use a name of the IANA list such as Europe/Berlin or UTC (package tzdata)"};
  }
  if (blackout) blackouts_.push_back(*blackout);
  else spans_.push_back(*span);
  texts_.push_back(text);
  return {};
}

Result<Windows> Windows::parse(const std::vector<std::string>& texts) {
  Windows windows;
  for (const std::string& text : texts) TRY(windows.add(text));
  return windows;
}

std::vector<Windows::Interval> Windows::intervals_around(Time at, int ahead) const {
  std::vector<Interval> intervals;
  for (const Span& span : spans_) {
    sys_days today = local_day(span.zone, at);
    for (sys_days day = today - days(1); day <= today + days(ahead); day += days(1)) {
      unsigned weekday = std::chrono::weekday(day).c_encoding();
      if ((span.days & (1U << weekday)) == 0) continue;
      intervals.push_back({moment(span.zone, day, span.from), moment(span.zone, day, span.to)});
    }
  }
  return intervals;
}

/// When the blackout that `at` lies in ends; nullopt: it lies in none.
std::optional<Windows::Time> Windows::blackout_end(Time at) const {
  for (const Blackout& blackout : blackouts_) {
    sys_days day = local_day(blackout.zone, at);
    if (day < blackout.first || day > blackout.last) continue;
    return moment(blackout.zone, blackout.last + days(1), seconds(0));
  }
  return std::nullopt;
}

std::optional<Windows::Time> Windows::next_blackout(Time at) const {
  std::optional<Time> next;
  for (const Blackout& blackout : blackouts_) {
    Time begin = moment(blackout.zone, blackout.first, seconds(0));
    if (begin > at && (!next || begin < *next)) next = begin;
  }
  return next;
}

bool Windows::is_open(Time at) const {
  if (blackout_end(at)) return false;
  if (spans_.empty()) return true;
  auto intervals = intervals_around(at, 0);
  return std::any_of(intervals.begin(), intervals.end(), [&](const Interval& interval) {
    return interval.from <= at && at < interval.to;
  });
}

std::optional<Windows::Time> Windows::closes(Time at) const {
  if (!is_open(at)) return std::nullopt;
  auto blackout = next_blackout(at);
  if (spans_.empty()) return blackout;
  Time end = at;
  // Windows that overlap or touch are one opening.
  for (bool grew = true; grew && end < at + days(kYear);) {
    grew = false;
    for (const Interval& interval : intervals_around(end, 0)) {
      if (interval.from > end || interval.to <= end) continue;
      end = interval.to;
      grew = true;
    }
  }
  if (blackout) end = std::min(end, *blackout);
  return end < at + days(kYear) ? std::optional(end) : std::nullopt;
}

std::optional<Windows::Time> Windows::opens(Time at) const {
  if (is_open(at)) return at;
  std::vector<Time> candidates;
  for (const Interval& interval : intervals_around(at, kYear)) {
    if (interval.from > at) candidates.push_back(interval.from);
  }
  for (const Blackout& blackout : blackouts_) {
    Time end = moment(blackout.zone, blackout.last + days(1), seconds(0));
    if (end > at) candidates.push_back(end);
  }
  std::sort(candidates.begin(), candidates.end());
  auto open = std::find_if(candidates.begin(), candidates.end(),
                           [&](Time candidate) { return is_open(candidate); });
  return open == candidates.end() ? std::nullopt : std::optional(*open);
}

std::optional<Windows::Time> Windows::done(Time at, milliseconds work) const {
  auto limit = at + days(kYear);
  while (at < limit) {
    auto open = opens(at);
    if (!open) return std::nullopt;
    auto end = closes(*open);
    if (!end || *end - *open >= work) return *open + work;
    work -= *end - *open;
    at = *end;
  }
  return std::nullopt;
}

std::string Windows::time_text(Time at) const {
  const std::string zone = !spans_.empty()       ? spans_.front().zone
                           : !blackouts_.empty() ? blackouts_.front().zone
                                                 : "UTC";
  auto sys = date::sys_seconds(std::chrono::floor<seconds>(at.time_since_epoch()));
  auto local = date::locate_zone(zone)->to_local(sys);
  return date::format("%a %F %T ", local) + zone;
}

std::string Windows::text() const {
  return join(texts_, "; ");
}

}  // namespace whimbrel
