#include "migration/json.h"

#include <fmt/format.h>

#include <charconv>
#include <cstring>
#include <utility>

#include "migration/source_text.h"

namespace whimbrel::migration {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// A recursive descent over the text. Every `read_…` returns false after it added one problem.
class JsonReader {
 public:
  JsonReader(std::string_view text, ProblemList& problems) : text_(text), problems_(problems) {}

  bool read_file(YamlNode& root) {
    skip_space();
    if (peek() != '{') return fail("a .json file must be one object that starts with '{'");
    if (!read_value(root, 0)) return false;
    skip_space();
    return at_ == text_.size() || fail("nothing may follow the closing '}'");
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  bool fail(std::string message) {
    advance_place();
    problems_.add(line_, column_, std::move(message));
    return false;
  }

  bool fail_here() {
    if (at_ >= text_.size()) return fail("the file ends too early");
    if (peek() == '/' || peek() == '#') return fail("JSON has no comments; use a .yaml file");
    if (peek() == '\'') return fail("JSON strings are in double quotes");
    return fail("this is not JSON; expected a value, or a ',' or closing bracket");
  }

  void skip_space() {
    while (at_ < text_.size() && std::strchr(" \t\r\n", text_[at_])) ++at_;
  }

  /// Moves the known place up to the reading position; every character is looked at once.
  void advance_place() {
    for (; placed_ < at_ && placed_ < text_.size(); ++placed_) {
      if (text_[placed_] == '\n') {
        ++line_;
        column_ = 1;
      } else if ((static_cast<unsigned char>(text_[placed_]) & 0xC0) != 0x80) {
        ++column_;
      }
    }
  }

  void start(YamlNode& node, YamlNode::Kind kind) {
    advance_place();
    node.kind = kind;
    node.line = line_;
    node.column = column_;
  }

  bool read_value(YamlNode& node, int depth) {
    skip_space();
    char first = peek();
    if (first == '{' || first == '[') {
      if (depth >= kMaxDepth)
        return fail(fmt::format("nested more than {} levels deep", kMaxDepth));
      return first == '{' ? read_object(node, depth) : read_array(node, depth);
    }
    if (first == '"') return read_string(node);
    if (first == '-' || is_digit(first)) return read_number(node);
    for (std::string_view word : {"true", "false", "null"}) {
      if (!text_.substr(at_).starts_with(word)) continue;
      start(node, word == "null" ? YamlNode::Kind::kNull : YamlNode::Kind::kScalar);
      if (word != "null") node.text = word;
      at_ += word.size();
      return true;
    }
    return fail_here();
  }

  bool read_object(YamlNode& node, int depth) {
    start(node, YamlNode::Kind::kMapping);
    ++at_;
    skip_space();
    for (bool first = true; peek() != '}'; first = false) {
      if (!first && !take(',')) return fail_here();
      skip_space();
      if (!first && peek() == '}') return fail("a trailing ',' is not JSON");
      if (peek() != '"') return fail_here();
      YamlEntry entry;
      if (!read_string(entry.key)) return false;
      skip_space();
      if (!take(':')) return at_ >= text_.size() ? fail_here() : fail("expected ':' after the key");
      if (!read_value(entry.value, depth + 1)) return false;
      node.entries.push_back(std::move(entry));
      skip_space();
    }
    ++at_;
    report_repeated_keys(node, problems_);
    return true;
  }

  bool read_array(YamlNode& node, int depth) {
    start(node, YamlNode::Kind::kSequence);
    ++at_;
    skip_space();
    for (bool first = true; peek() != ']'; first = false) {
      if (!first && !take(',')) return fail_here();
      skip_space();
      if (!first && peek() == ']') return fail("a trailing ',' is not JSON");
      node.items.emplace_back();
      if (!read_value(node.items.back(), depth + 1)) return false;
      skip_space();
    }
    ++at_;
    return true;
  }

  bool take(char wanted) {
    if (peek() != wanted) return false;
    ++at_;
    return true;
  }

  bool read_number(YamlNode& node) {
    start(node, YamlNode::Kind::kScalar);
    size_t from = at_;
    take('-');
    size_t digits = at_;
    skip_digits();
    if (at_ == digits) return fail("a number needs digits after the '-'");
    if (text_[digits] == '0' && at_ > digits + 1) return fail("JSON numbers have no leading zeros");
    if (take('.') && !skip_digits()) return fail("a number needs digits after the '.'");
    if (peek() == 'e' || peek() == 'E') {
      ++at_;
      if (peek() == '+' || peek() == '-') ++at_;
      if (!skip_digits()) return fail("an exponent needs digits");
    }
    node.text = text_.substr(from, at_ - from);
    return true;
  }

  bool skip_digits() {
    size_t from = at_;
    while (is_digit(peek())) ++at_;
    return at_ > from;
  }

  bool read_string(YamlNode& node) {
    start(node, YamlNode::Kind::kScalar);
    node.quoted = true;
    ++at_;
    while (at_ < text_.size() && peek() != '"') {
      if (static_cast<unsigned char>(peek()) < 0x20) {
        return fail("a line end or tab in a JSON string is written \\n, \\r or \\t");
      }
      if (peek() == '\\') {
        if (!read_escape(node.text)) return false;
        continue;
      }
      size_t from = at_;
      while (at_ < text_.size() && peek() != '"' && peek() != '\\' &&
             static_cast<unsigned char>(peek()) >= 0x20) {
        ++at_;
      }
      node.text += text_.substr(from, at_ - from);
    }
    return take('"') || fail("the quote that opened this text is never closed");
  }

  bool read_escape(std::string& out) {
    constexpr std::string_view kNames = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    char name = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    if (name == 'u') return read_unicode_escape(out);
    size_t which = kNames.find(name);
    if (which == std::string_view::npos) return fail("JSON does not know this escape");
    out += kMeanings[which];
    at_ += 2;
    return true;
  }

  bool read_unicode_escape(std::string& out) {
    auto code = hex4();
    if (!code) return fail("\\u needs four hexadecimal digits");
    bool high = *code >= 0xD800 && *code < 0xDC00;
    if (high && text_.substr(at_ + 6).starts_with("\\u")) {
      at_ += 6;
      auto low = hex4();
      if (!low || *low < 0xDC00 || *low > 0xDFFF) return fail("expected the second half of a pair");
      append_utf8(out, 0x10000 + ((*code - 0xD800) << 10) + (*low - 0xDC00));
    } else if (high || (*code >= 0xDC00 && *code <= 0xDFFF)) {
      return fail("half of a surrogate pair is no character");
    } else {
      append_utf8(out, *code);
    }
    at_ += 6;
    return true;
  }

  /// The four digits of the \uXXXX at the reading position.
  std::optional<uint32_t> hex4() const {
    if (at_ + 6 > text_.size()) return std::nullopt;
    const char* digits = text_.data() + at_ + 2;
    uint32_t code = 0;
    auto [end, problem] = std::from_chars(digits, digits + 4, code, 16);
    if (problem != std::errc() || end != digits + 4) return std::nullopt;
    return code;
  }

  std::string_view text_;
  ProblemList& problems_;
  size_t at_ = 0;
  size_t placed_ = 0;
  int line_ = 1;
  int column_ = 1;
};

}  // namespace

std::optional<YamlNode> parse_json(std::string_view source, ProblemList& problems) {
  auto text = checked_source(source, problems);
  if (!text) return std::nullopt;
  YamlNode root;
  if (!JsonReader(*text, problems).read_file(root)) return std::nullopt;
  return root;
}

}  // namespace whimbrel::migration
