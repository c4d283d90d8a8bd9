// Dates as text, read strictly.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace whimbrel::migration {

/// Milliseconds since the epoch of an ISO 8601 date: `2025-12-26T13:05:09.125+01:00`. Seconds and
/// their fraction (whole milliseconds) may be left out, the time zone (`Z`, `+hh`, `+hhmm`,
/// `+hh:mm`) may not; a date alone is midnight UTC. Nullopt for anything else, and for days or
/// times that no calendar has.
std::optional<int64_t> parse_iso_date(std::string_view text);

}  // namespace whimbrel::migration
