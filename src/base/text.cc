#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <ctime>

namespace whimbrel {
namespace {

std::tm utc(int64_t milliseconds) {
  std::time_t seconds =
      static_cast<std::time_t>(std::floor(static_cast<double>(milliseconds) / 1000.0));
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return parts;
}

Error bad_text(std::string_view text, std::string_view allowed) {
  return Error{ErrorKind::kBadConfig, fmt::format("'{}' is not {}", text, allowed)};
}

/// Reads a number at the front of `text` and takes it off; false when there is none.
bool take_number(std::string_view& text, double& number) {
  auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end == text.data() || !(number >= 0) || std::isinf(number))
    return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return true;
}

std::string_view take_letters(std::string_view& text) {
  size_t end = 0;
  while (end < text.size() && std::isalpha(static_cast<unsigned char>(text[end]))) ++end;
  std::string_view letters = text.substr(0, end);
  text.remove_prefix(end);
  return letters;
}

int edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<int>> cost(a.size() + 1, std::vector<int>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) cost[i][0] = static_cast<int>(i);
  for (size_t j = 0; j <= b.size(); ++j) cost[0][j] = static_cast<int>(j);
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      int change = a[i - 1] == b[j - 1] ? 0 : 1;
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + change});
      bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  }
  return cost[a.size()][b.size()];
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  if (from.empty()) return;
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
}

std::string percent_decoded(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    bool escaped = text[i] == '%' && i + 2 < text.size() &&
                   std::from_chars(&text[i + 1], &text[i + 1] + 2, value, 16).ec == std::errc();
    decoded += escaped ? static_cast<char>(value) : text[i];
    if (escaped) i += 2;
  }
  return decoded;
}

}  // namespace

std::string with_commas(int64_t number) {
  std::string digits = std::to_string(number);
  size_t first = number < 0 ? 1 : 0;
  for (size_t at = digits.size(); at > first + 3;) digits.insert(at -= 3, ",");
  return digits;
}

std::string duration_text(double seconds) {
  if (seconds < 60) return fmt::format("{:.1f} s", seconds);
  auto whole = static_cast<int64_t>(seconds + 0.5);
  if (whole < 3600) return fmt::format("{}m {:02}s", whole / 60, whole % 60);
  return fmt::format("{}h {:02}m", whole / 3600, whole % 3600 / 60);
}

std::string bytes_text(int64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double size = static_cast<double>(bytes);
  const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  size_t unit = 0;
  while (size >= 1024 && unit < 4) size /= 1024, ++unit;
  return fmt::format("{:.1f} {}", size, units[unit]);
}

int64_t wall_clock() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string hex_text(std::span<const uint8_t> bytes) {
  std::string hex;
  for (uint8_t byte : bytes) fmt::format_to(std::back_inserter(hex), "{:02x}", byte);
  return hex;
}

std::string iso_time(int64_t milliseconds) {
  std::tm parts = utc(milliseconds);
  int64_t fraction = ((milliseconds % 1000) + 1000) % 1000;
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     fraction);
}

std::string file_stamp(int64_t milliseconds) {
  std::tm parts = utc(milliseconds);
  return fmt::format("{:04}{:02}{:02}{:02}{:02}{:02}", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  constexpr std::string_view kAllowed = "a duration such as 100ms, 2s, 5m, 1h30m or 30d";
  std::string_view rest = trim(text);
  double total = 0;
  if (rest.empty()) return bad_text(text, kAllowed);
  while (!rest.empty()) {
    double number = 0;
    if (!take_number(rest, number)) return bad_text(text, kAllowed);
    std::string_view unit = take_letters(rest);
    if (unit == "ms") total += number;
    else if (unit == "s") total += number * 1e3;
    else if (unit == "m") total += number * 60e3;
    else if (unit == "h") total += number * 3600e3;
    else if (unit == "d") total += number * 86400e3;
    else return bad_text(text, kAllowed);
  }
  if (total > 3.2e12) return bad_text(text, "a duration below 100 years");
  return std::chrono::milliseconds(static_cast<int64_t>(total));
}

Result<int64_t> parse_bytes(std::string_view text) {
  constexpr std::string_view kAllowed = "a size such as 8MiB, 512KiB or 1GiB";
  std::string_view rest = trim(text);
  double number = 0;
  if (!take_number(rest, number)) return bad_text(text, kAllowed);
  rest = trim(rest);
  double factor = 0;
  if (rest.empty() || rest == "B") factor = 1;
  else if (rest == "KiB") factor = 1024;
  else if (rest == "MiB") factor = 1024.0 * 1024;
  else if (rest == "GiB") factor = 1024.0 * 1024 * 1024;
  else if (rest == "kB" || rest == "KB") factor = 1e3;
  else if (rest == "MB") factor = 1e6;
  else if (rest == "GB") factor = 1e9;
  else return bad_text(text, kAllowed);
  if (number * factor > 9e18) return bad_text(text, "a size that a file system can hold");
  return static_cast<int64_t>(number * factor);
}

Result<int64_t> parse_count(std::string_view text) {
  int64_t number = 0;
  auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size() || number < 0) {
    return bad_text(text, "a whole number");
  }
  return number;
}

std::string nearest(std::string_view word, std::span<const std::string> candidates) {
  std::string best;
  int best_distance = std::max(1, static_cast<int>(word.size()) / 3) + 1;
  for (const std::string& candidate : candidates) {
    int distance = edit_distance(word, candidate);
    if (distance < best_distance) best = candidate, best_distance = distance;
  }
  return best;
}

std::string did_you_mean(std::string_view word, std::span<const std::string> candidates) {
  std::string near = nearest(word, candidates);
  return near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near);
}

std::string join(std::span<const std::string> parts, std::string_view separator) {
  return fmt::format("{}", fmt::join(parts, separator));
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())))
    text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())))
    text.remove_suffix(1);
  return text;
}

bool glob_matches(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '*') {
    return glob_matches(pattern.substr(1), text) ||
           (!text.empty() && glob_matches(pattern, text.substr(1)));
  }
  if (text.empty() || (pattern[0] != '?' && pattern[0] != text[0])) return false;
  return glob_matches(pattern.substr(1), text.substr(1));
}

std::string_view password_of(std::string_view uri) {
  size_t scheme = uri.find("://");
  if (scheme == std::string_view::npos) return {};
  size_t start = scheme + 3;
  std::string_view authority = uri.substr(start, uri.find_first_of("/?", start) - start);
  // A password that was not percent-encoded may itself hold '/' or '?': look for '@' in the rest.
  size_t at = authority.rfind('@');
  if (at == std::string_view::npos) {
    authority = uri.substr(start);
    at = authority.rfind('@');
    if (at == std::string_view::npos) return {};
  }
  size_t colon = authority.find(':');
  if (colon == std::string_view::npos || colon > at) return {};
  return authority.substr(colon + 1, at - colon - 1);
}

std::string redact_uri(std::string_view uri) {
  std::string shown = redact_secrets(std::string(uri), uri);
  for (std::string_view secret : {"tlsCertificateKeyFilePassword=",
                                  "sslClientCertificateKeyPassword=", "AWS_SESSION_TOKEN:"}) {
    size_t at = shown.find(secret);
    if (at == std::string::npos) continue;
    size_t start = at + secret.size();
    size_t end = shown.find_first_of("&,", start);
    shown.replace(start, (end == std::string::npos ? shown.size() : end) - start, "***");
  }
  return shown;
}

std::string redact_secrets(std::string text, std::string_view uri) {
  std::string_view password = password_of(uri);
  replace_all(text, password, "***");
  std::string decoded = percent_decoded(password);
  if (decoded != password && decoded.size() > 2) replace_all(text, decoded, "***");
  return text;
}

}  // namespace whimbrel
