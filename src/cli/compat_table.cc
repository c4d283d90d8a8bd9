#include "cli/compat_table.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>

namespace whimbrel {
namespace {

using Variable = std::function<const char*(const char*)>;

struct CodePoints {
  char32_t first;
  char32_t last;
};

// Two columns wide: East Asian characters (EastAsianWidth.txt of Unicode), and emoji.
constexpr std::array<CodePoints, 20> kWide = {{
    {0x1100, 0x115F},   {0x2329, 0x232A},   {0x2E80, 0x303E},   {0x3040, 0x3247},
    {0x3250, 0x4DBF},   {0x4E00, 0xA4C6},   {0xA960, 0xA97C},   {0xAC00, 0xD7A3},
    {0xF900, 0xFAFF},   {0xFE10, 0xFE19},   {0xFE30, 0xFE6B},   {0xFF01, 0xFF60},
    {0xFFE0, 0xFFE6},   {0x1B000, 0x1B001}, {0x1F1E6, 0x1F1FF}, {0x1F200, 0x1F251},
    {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F900, 0x1FAFF}, {0x20000, 0x3FFFD},
}};

size_t width_of(char32_t c) {
  bool control = c <= 0x1F || (c >= 0x7F && c <= 0x9F);
  bool combining = c >= 0x300 && c <= 0x36F;
  if (control || combining) return 0;
  bool wide = std::any_of(kWide.begin(), kWide.end(),
                          [&](CodePoints range) { return c >= range.first && c <= range.last; });
  return wide ? 2 : 1;
}

std::string upper_to_lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// Whether a word stands before the "--" that ends the options.
bool has_word(const std::vector<std::string>& words, const std::string& word) {
  auto end = std::find(words.begin(), words.end(), "--");
  return std::find(words.begin(), end, word) != end;
}

bool has_any(const std::vector<std::string>& words, std::initializer_list<const char*> names) {
  return std::any_of(names.begin(), names.end(),
                     [&](const char* name) { return has_word(words, name); });
}

enum class Wish { kNone, kForced, kForbidden };

Wish wish_of(const std::vector<std::string>& words, const Variable& variable) {
  if (const char* force = variable("FORCE_COLOR")) {
    char* end = nullptr;
    int64_t number = std::strtoll(force, &end, 10);
    bool zero = end != force && number == 0;
    return zero ? Wish::kForbidden : Wish::kForced;
  }
  if (has_any(words, {"--no-color", "--no-colors", "--color=false"})) return Wish::kForbidden;
  bool forced = has_any(words, {"--color", "--colors", "--color=true", "--color=always"});
  return forced ? Wish::kForced : Wish::kNone;
}

/// TeamCity shows colours from 9.1 on.
bool is_new_teamcity(const std::string& version) {
  size_t dot = version.find('.');
  if (dot == std::string::npos) return false;
  std::string major = version.substr(0, dot), rest = version.substr(dot + 1);
  auto digits = [](const std::string& text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
  };
  if (digits(major) && major.size() >= 2) return true;
  size_t second = rest.find('.');
  std::string minor = rest.substr(0, second);
  return major == "9" && second != std::string::npos && digits(minor) &&
         minor.find_first_not_of('0') != std::string::npos;
}

bool terminal_has_colours(const std::string& term) {
  for (const char* start : {"screen", "xterm", "vt100", "rxvt"}) {
    if (term.starts_with(start)) return true;
  }
  for (const char* part : {"color", "ansi", "cygwin", "linux"}) {
    if (term.find(part) != std::string::npos) return true;
  }
  return term.ends_with("-256");
}

bool known_program(const Variable& variable) {
  const char* program = variable("TERM_PROGRAM");
  std::string name = program ? program : "";
  return name == "iTerm.app" || name == "Hyper" || name == "Apple_Terminal";
}

bool environment_has_colours(const Variable& variable) {
  if (variable("CI")) {
    const char* name = variable("CI_NAME");
    return variable("TRAVIS") || variable("CIRCLECI") || variable("APPVEYOR") ||
           variable("GITLAB_CI") || (name && std::string(name) == "codeship");
  }
  if (const char* teamcity = variable("TEAMCITY_VERSION")) return is_new_teamcity(teamcity);
  const char* term = variable("TERM");
  return known_program(variable) || terminal_has_colours(upper_to_lower(term ? term : "")) ||
         variable("COLORTERM");
}

/// Draws one table, line by line.
class Box {
 public:
  Box(std::vector<size_t> widths, Colours colours)
      : widths_(std::move(widths)), colours_(colours) {}

  std::string rule(const char* left, const char* middle, const char* right) const {
    std::string line;
    for (size_t i = 0; i < widths_.size(); ++i) {
      std::string part = i == 0 ? left : middle;
      for (size_t n = 0; n < widths_[i] + 2; ++n) part += "─";
      if (i + 1 == widths_.size()) part += right;
      line += coloured(part, kGrey);
    }
    return line + "\n";
  }

  std::string row(const std::vector<std::string>& cells, bool head) const {
    std::string line;
    for (size_t i = 0; i < widths_.size(); ++i) {
      std::string text = i < cells.size() ? cells[i] : "";
      std::string padding(widths_[i] - display_width(text), ' ');
      std::string cell = " " + text + padding + " ";
      line += coloured("│", kGrey) + (head ? coloured(cell, kRed) : cell);
    }
    return line + coloured("│", kGrey) + "\n";
  }

 private:
  static constexpr const char* kGrey = "90";
  static constexpr const char* kRed = "31";

  std::string coloured(const std::string& text, const char* code) const {
    if (colours_ == Colours::kNone) return text;
    return std::string("\x1b[") + code + "m" + text + "\x1b[39m";
  }

  std::vector<size_t> widths_;
  Colours colours_;
};

}  // namespace

Colours compat_colours(const std::vector<std::string>& words, const Variable& variable) {
  Wish wish = wish_of(words, variable);
  if (wish == Wish::kForbidden) return Colours::kNone;
  bool asked = has_any(words, {"--color=16m", "--color=full", "--color=truecolor", "--color=256"});
  // TeamCity's answer is final: a wish for colours does not change it.
  bool teamcity = variable("TEAMCITY_VERSION") && !variable("CI");
  bool shown = asked || environment_has_colours(variable) || (wish == Wish::kForced && !teamcity);
  return shown ? Colours::kAnsi : Colours::kNone;
}

size_t display_width(const std::string& text) {
  size_t width = 0;
  for (size_t at = 0; at < text.size();) {
    auto lead = static_cast<unsigned char>(text[at]);
    size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    char32_t point = lead < 0x80 ? lead : lead & (0xFFU >> (length + 1));
    for (size_t i = 1; i < length && at + i < text.size(); ++i)
      point = (point << 6) | (static_cast<unsigned char>(text[at + i]) & 0x3F);
    bool whole = at + length <= text.size();
    width += whole ? width_of(point) : 1;
    at += length;
  }
  return width;
}

std::string compat_table(std::vector<std::string> head, std::vector<std::vector<std::string>> rows,
                         Colours colours) {
  std::vector<size_t> widths;
  auto measure = [&](const std::vector<std::string>& cells) {
    widths.resize(std::max(widths.size(), cells.size()));
    for (size_t i = 0; i < cells.size(); ++i)
      widths[i] = std::max(widths[i], display_width(cells[i]));
  };
  measure(head);
  for (const auto& row : rows) measure(row);
  Box box(widths, colours);
  std::string table = box.rule("┌", "┬", "┐") + box.row(head, true);
  for (const auto& row : rows) table += box.rule("├", "┼", "┤") + box.row(row, false);
  table += box.rule("└", "┴", "┘");
  table.pop_back();
  return table;
}

}  // namespace whimbrel
