#include "migration/stand_ins.h"

#include <fmt/format.h>

#include <algorithm>
#include <bitset>
#include <charconv>
#include <cstdint>
#include <iterator>
#include <utility>

#include "migration/source_text.h"

namespace whimbrel::migration {
namespace {

constexpr uint32_t kYaml11[] = {
    ':',  '?',  0x7F, 0x80, 0x81, 0x82, 0x83, 0x84,   0x85,   0x86,   0x87,   0x88,  0x89, 0x8A,
    0x8B, 0x8C, 0x8D, 0x8E, 0x8F, 0x90, 0x91, 0x92,   0x93,   0x94,   0x95,   0x96,  0x97, 0x98,
    0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9E, 0x9F, 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF};

/// Stand-ins are one block of this many characters, from the last plane, which is for private use.
constexpr uint32_t kBlockSize = 64;
constexpr uint32_t kFirstBlock = 0x100000 / kBlockSize;
constexpr uint32_t kEndBlock = 0x110000 / kBlockSize;
static_assert(std::size(kYaml11) <= kBlockSize);

size_t length_of(char lead) {
  auto byte = static_cast<unsigned char>(lead);
  return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

/// The character at `at`, whose length is `length`.
uint32_t code_at(std::string_view text, size_t at, size_t length) {
  auto byte = static_cast<unsigned char>(text[at]);
  if (length == 1) return byte;
  uint32_t code = byte & (0xFFU >> (length + 1));
  for (size_t i = 1; i < length; ++i)
    code = code << 6 | (static_cast<unsigned char>(text[at + i]) & 0x3FU);
  return code;
}

/// The character that `\U0010F000` names at the front of the text, or 0.
uint32_t escaped_code(std::string_view text) {
  uint32_t code = 0;
  if (text.starts_with("\\U") && text.size() >= 10)
    std::from_chars(text.data() + 2, text.data() + 10, code, 16);
  return code;
}

/// The first character of a block of which the text has none, neither itself nor as an escape, or
/// 0 when there is no such block.
uint32_t unused_block(std::string_view text) {
  std::bitset<kEndBlock - kFirstBlock> used;
  for (size_t at = 0; at < text.size(); ++at) {
    auto byte = static_cast<unsigned char>(text[at]);
    uint32_t code = byte >= 0xF0   ? code_at(text, at, 4)
                    : byte == '\\' ? escaped_code(text.substr(at))
                                   : 0;
    uint32_t block = code / kBlockSize;
    if (block >= kFirstBlock && block < kEndBlock) used.set(block - kFirstBlock);
  }
  for (uint32_t block = 0; block < used.size(); ++block) {
    if (!used.test(block)) return (kFirstBlock + block) * kBlockSize;
  }
  return 0;
}

bool is_one_of(std::string_view characters, char character) {
  return characters.find(character) != std::string_view::npos;
}

constexpr std::string_view kBlank = " \t\r\n";

/// True for a ':' or '?' at the start of a word. But a ':' behind a quoted or bracketed key ends
/// that key, even without a space behind it.
bool starts_plain_text(std::string_view text, size_t at) {
  bool word_follows = at + 1 < text.size() && !is_one_of(" \t\r\n,[]{}", text[at + 1]);
  if (!word_follows) return false;
  if (at > 0 && !is_one_of(" \t\r\n,[{", text[at - 1])) return false;
  if (text[at] == '?') return true;
  size_t before = text.substr(0, at).find_last_not_of(kBlank);
  return before == std::string_view::npos || !is_one_of("\"']}", text[before]);
}

/// Where the character is in kYaml11; its size when it needs no stand-in.
size_t number_of(std::string_view text, size_t at, uint32_t code) {
  if ((code == ':' || code == '?') && !starts_plain_text(text, at)) return std::size(kYaml11);
  return static_cast<size_t>(std::find(std::begin(kYaml11), std::end(kYaml11), code) -
                             std::begin(kYaml11));
}

/// Lets the usual file pass without decoding it: only these bytes start what needs a stand-in.
bool may_need_stand_in(char lead) {
  auto byte = static_cast<unsigned char>(lead);
  return byte == ':' || byte == '?' || byte == 0x7F || byte == 0xC2 || byte == 0xE2 || byte == 0xEF;
}

}  // namespace

StandIns::StandIns(std::string_view source) : source_(source) {
  for (size_t at = 0; at < source.size() && !changed_; ++at) {
    if (!may_need_stand_in(source[at])) continue;
    uint32_t code = code_at(source, at, length_of(source[at]));
    changed_ = number_of(source, at, code) < std::size(kYaml11);
    first_ = at;
  }
  if (changed_) exchange();
}

void StandIns::exchange() {
  first_stand_in_ = unused_block(source_);
  exchanged_.reserve(source_.size() + 64);
  exchanged_ = source_.substr(0, first_);
  for (size_t at = first_; at < source_.size();) {
    size_t length = length_of(source_[at]);
    size_t number = number_of(source_, at, code_at(source_, at, length));
    if (number < std::size(kYaml11))
      append_utf8(exchanged_, first_stand_in_ + static_cast<uint32_t>(number));
    else exchanged_ += source_.substr(at, length);
    at += length;
  }
}

bool StandIns::check(ProblemList& problems) const {
  if (!changed_ || first_stand_in_ > 0) return true;
  Place place = place_of(source_, first_);
  uint32_t code = code_at(source_, first_, length_of(source_[first_]));
  problems.add(
      place.line, place.column,
      fmt::format("U+{:04X} cannot stand here in a file that has characters of every plane "
                  "of Unicode; write it as an escape in double quotes",
                  code));
  return false;
}

void StandIns::restore(std::string& found) const {
  if (!changed_) return;
  std::string restored;
  for (size_t at = 0; at < found.size();) {
    size_t length = length_of(found[at]);
    uint32_t number = code_at(found, at, length) - first_stand_in_;
    if (number < std::size(kYaml11)) append_utf8(restored, kYaml11[number]);
    else restored += found.substr(at, length);
    at += length;
  }
  found = std::move(restored);
}

}  // namespace whimbrel::migration
