// Text for people: counts, durations, sizes, times; parsing of the same; words that were nearly
// right.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace whimbrel {

/// "1,234,567".
std::string with_commas(int64_t number);
/// "4.2 s", "3m 05s", "2h 10m".
std::string duration_text(double seconds);
/// "512 B", "8.0 MiB" (binary units).
std::string bytes_text(int64_t bytes);
/// This machine's clock: milliseconds since the epoch.
int64_t wall_clock();
/// Lower-case hex, two digits a byte.
std::string hex_text(std::span<const uint8_t> bytes);
/// UTC ISO 8601 with milliseconds: "2026-11-23T01:08:54.412Z". `milliseconds` since the epoch.
std::string iso_time(int64_t milliseconds);
/// UTC "yyyyMMddHHmmss", as migration files are named. `milliseconds` since the epoch.
std::string file_stamp(int64_t milliseconds);

/// "100ms", "2s", "5m", "1h30m", "30d". Bare numbers are refused: they do not say their unit.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);
/// "8MiB", "512KiB", "1GiB", "100 MB", "4096". Decimal units are powers of 1,000.
Result<int64_t> parse_bytes(std::string_view text);
/// Digits only, within the range of int64.
Result<int64_t> parse_count(std::string_view text);

/// The candidate nearest to `word` (Damerau-Levenshtein, at most a third of it wrong), or "".
std::string nearest(std::string_view word, std::span<const std::string> candidates);
/// " (did you mean 'x'?)", or "" when nothing is near.
std::string did_you_mean(std::string_view word, std::span<const std::string> candidates);

std::string join(std::span<const std::string> parts, std::string_view separator);
std::string_view trim(std::string_view text);
/// Shell-like match of `*` and `?`.
bool glob_matches(std::string_view pattern, std::string_view text);

/// The password in a connection string: between "://user:" and the last '@' before the path, a view
/// of `uri`; empty when there is none.
std::string_view password_of(std::string_view uri);
/// A connection string as it may be shown: the password, and every option that carries a secret,
/// replaced by "***". Works on text that is not a valid connection string, too.
std::string redact_uri(std::string_view uri);
/// `text` with every occurrence of the connection string's password replaced by "***".
std::string redact_secrets(std::string text, std::string_view uri);

}  // namespace whimbrel
