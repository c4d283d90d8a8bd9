// The table of migrate-mongo's `status`, in its box and its colours.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace whimbrel {

enum class Colours { kNone, kAnsi };

/// Whether migrate-mongo would colour its table, by the rules of @colors/colors: the environment
/// and words such as --no-color decide, and nobody asks whether stdout is a terminal. `variable`
/// gives the value of an environment variable, or nullptr.
Colours compat_colours(const std::vector<std::string>& words,
                       const std::function<const char*(const char*)>& variable);

/// Columns that a terminal needs for a text.
size_t display_width(const std::string& text);

/// The table without a line feed at its end. Rows may be longer than the head.
std::string compat_table(std::vector<std::string> head, std::vector<std::vector<std::string>> rows,
                         Colours colours);

}  // namespace whimbrel
