#include "migration/iso_date.h"

#include <chrono>

namespace whimbrel::migration {
namespace {

/// Takes exactly `count` digits off the front; false when they are not there.
bool take_digits(std::string_view& text, size_t count, int& number) {
  if (text.size() < count) return false;
  number = 0;
  for (size_t i = 0; i < count; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    number = number * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return true;
}

bool take(std::string_view& text, char wanted) {
  if (text.empty() || text[0] != wanted) return false;
  text.remove_prefix(1);
  return true;
}

/// ".125": one to nine digits of which all beyond the third are 0.
bool take_fraction(std::string_view& text, int& milliseconds) {
  int place = 100;
  size_t digits = 0;
  for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1), ++digits) {
    if (place == 0 && text[0] != '0') return false;
    milliseconds += (text[0] - '0') * place;
    place /= 10;
  }
  return digits > 0 && digits <= 9;
}

/// What to subtract to come to UTC.
bool take_offset(std::string_view& text, std::chrono::minutes& offset) {
  if (take(text, 'Z')) return true;
  bool behind = !text.empty() && text[0] == '-';
  if (!behind && !text.starts_with('+')) return false;
  text.remove_prefix(1);
  int hours = 0;
  int minutes = 0;
  if (!take_digits(text, 2, hours) || hours > 23) return false;
  take(text, ':');
  if (!text.empty() && (!take_digits(text, 2, minutes) || minutes > 59)) return false;
  offset = std::chrono::minutes((behind ? -1 : 1) * (hours * 60 + minutes));
  return true;
}

bool take_time(std::string_view& text, std::chrono::milliseconds& time) {
  int hours = 0;
  int minutes = 0;
  int seconds = 0;
  int milliseconds = 0;
  if (!take_digits(text, 2, hours) || !take(text, ':') || !take_digits(text, 2, minutes)) {
    return false;
  }
  if (take(text, ':') && !take_digits(text, 2, seconds)) return false;
  if (take(text, '.') && !take_fraction(text, milliseconds)) return false;
  if (hours > 23 || minutes > 59 || seconds > 59) return false;
  std::chrono::minutes offset{0};
  if (!take_offset(text, offset)) return false;
  time = std::chrono::hours(hours) + std::chrono::minutes(minutes) + std::chrono::seconds(seconds) +
         std::chrono::milliseconds(milliseconds) - offset;
  return true;
}

}  // namespace

std::optional<int64_t> parse_iso_date(std::string_view text) {
  int year = 0;
  int month = 0;
  int day = 0;
  bool dated = take_digits(text, 4, year) && take(text, '-') && take_digits(text, 2, month) &&
               take(text, '-') && take_digits(text, 2, day);
  std::chrono::year_month_day date{std::chrono::year(year),
                                   std::chrono::month(static_cast<unsigned>(month)),
                                   std::chrono::day(static_cast<unsigned>(day))};
  if (!dated || !date.ok()) return std::nullopt;
  std::chrono::milliseconds time{0};
  if (!text.empty() && (!take(text, 'T') || !take_time(text, time) || !text.empty())) {
    return std::nullopt;
  }
  return (std::chrono::sys_days(date).time_since_epoch() + time).count();
}

}  // namespace whimbrel::migration
