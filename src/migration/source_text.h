// The characters of a file, before anything reads them as YAML or JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "migration/problems.h"

namespace whimbrel::migration {

/// The most that a file may have: a tree of more takes gigabytes.
inline constexpr size_t kMostSourceBytes = 16 << 20;

/// The whole file. An Error of `too_large` with `hint` when it has more than kMostSourceBytes;
/// `what` is what it should be, "a migration". kNotFound when it cannot be read.
Result<std::string> read_source(const std::string& path, ErrorKind too_large, std::string_view what,
                                std::string hint);

/// A place in a text; both 1-based, columns in characters (code points).
struct Place {
  int line = 1;
  int column = 1;
};

/// Where the byte at `offset` is.
Place place_of(std::string_view source, size_t offset);

/// The text without its byte order mark, or nullopt and one problem: bytes that are not UTF-8, NUL,
/// and control characters other than tab, line feed and carriage return are refused.
std::optional<std::string_view> checked_source(std::string_view source, ProblemList& problems);

/// Appends `code` (a Unicode scalar value) as UTF-8.
void append_utf8(std::string& text, uint32_t code);

}  // namespace whimbrel::migration
