// What receivers say, as it may be shown.
#pragma once

#include <string>
#include <string_view>

namespace whimbrel {

/// The first line that is not empty, at most 120 bytes of it, control characters replaced.
std::string first_line_of(std::string_view text);
/// `text` with the URL, what stands behind its host, and its user and password replaced by "***".
std::string without_url(std::string text, std::string_view url);

}  // namespace whimbrel
