#include "migration/source_text.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/text.h"

namespace whimbrel::migration {
namespace {

bool is_continuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

/// Length of the UTF-8 sequence at the front, or 0 when it is not well-formed (overlong forms,
/// surrogates and code points above U+10FFFF included).
size_t sequence_length(std::string_view text) {
  auto first = static_cast<unsigned char>(text[0]);
  size_t length = first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (first > 0xF4 || length == 0 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if (!is_continuation(text[i])) return 0;
  }
  if (length < 3) return length;
  auto second = static_cast<unsigned char>(text[1]);
  if (first == 0xE0 && second < 0xA0) return 0;
  if (first == 0xED && second > 0x9F) return 0;
  if (first == 0xF0 && second < 0x90) return 0;
  if (first == 0xF4 && second > 0x8F) return 0;
  return length;
}

bool is_forbidden(unsigned char byte) {
  return byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r';
}

}  // namespace

Result<std::string> read_source(const std::string& path, ErrorKind too_large, std::string_view what,
                                std::string hint) {
  std::error_code unknown;
  uintmax_t size = std::filesystem::file_size(path, unknown);
  if (!unknown && size > kMostSourceBytes) {
    return Error{
        too_large,
        fmt::format("{} has {}; {} has at most {}", path, bytes_text(static_cast<int64_t>(size)),
                    what, bytes_text(kMostSourceBytes)),
        std::move(hint)};
  }
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  if (file) content << file.rdbuf();
  if (file) return content.str();
  return Error{ErrorKind::kNotFound, fmt::format("cannot read {}", path),
               fmt::format("check that it exists and may be read: ls -l {}", path)};
}

Place place_of(std::string_view source, size_t offset) {
  Place place;
  for (size_t i = 0; i < offset && i < source.size(); ++i) {
    if (source[i] == '\n') {
      ++place.line;
      place.column = 1;
    } else if (!is_continuation(source[i])) {
      ++place.column;
    }
  }
  return place;
}

std::optional<std::string_view> checked_source(std::string_view source, ProblemList& problems) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (source.starts_with(kByteOrderMark)) source.remove_prefix(kByteOrderMark.size());
  for (size_t at = 0; at < source.size();) {
    auto byte = static_cast<unsigned char>(source[at]);
    size_t length = byte < 0x80 ? 1 : sequence_length(source.substr(at));
    if (length > 0 && !is_forbidden(byte)) {
      at += length;
      continue;
    }
    Place place = place_of(source, at);
    problems.add(place.line, place.column,
                 length == 0
                     ? fmt::format("byte 0x{:02X} is not valid UTF-8; save the file as UTF-8", byte)
                     : fmt::format("the control character U+{:04X} is not allowed; "
                                   "write it as an escape in double quotes",
                                   byte));
    return std::nullopt;
  }
  return source;
}

void append_utf8(std::string& text, uint32_t code) {
  auto add = [&text](uint32_t byte) { text += static_cast<char>(byte); };
  if (code < 0x80) {
    add(code);
  } else if (code < 0x800) {
    add(0xC0 | code >> 6);
    add(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    add(0xE0 | code >> 12);
    add(0x80 | (code >> 6 & 0x3F));
    add(0x80 | (code & 0x3F));
  } else {
    add(0xF0 | code >> 18);
    add(0x80 | (code >> 12 & 0x3F));
    add(0x80 | (code >> 6 & 0x3F));
    add(0x80 | (code & 0x3F));
  }
}

}  // namespace whimbrel::migration
