#include "migration/yaml_syntax.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "base/text.h"

namespace whimbrel::migration {
namespace {

/// What libyaml says, what it means to the author of the file, and where that is: at one of the two
/// places that libyaml names, or at the backslash two characters before the first.
struct Explanation {
  enum class At { kProblem, kContext, kEscape };
  std::string_view problem;
  std::string_view text;
  At at = At::kProblem;
};

constexpr std::string_view kTab = "a tab cannot indent YAML; use spaces";
constexpr std::string_view kNoMatch = "a closing bracket that does not match what is open";
constexpr std::string_view kBlockText =
    "the text of a '|' or '>' starts on the next line; behind the sign may stand a digit from 1 to "
    "9 for its indentation, and '-' or '+'";
constexpr std::string_view kTag =
    "a '!' starts a tag, such as !!str or !!int, which ends with a space; quote the text if no tag "
    "is meant";
constexpr std::string_view kDirective =
    "a '%' at the start of a line makes a directive, and only %YAML and %TAG are known; quote the "
    "text, or indent it";
constexpr std::string_view kEscape =
    "no such escape; known are \\\\ \\\" \\/ \\n \\r \\t \\0 \\x41 \\u0041 \\U00000041 and other "
    "single letters, and in single quotes a backslash is only itself";

constexpr auto kContext = Explanation::At::kContext;
constexpr std::array kExplanations = {
    Explanation{"found character that cannot start any token",
                "no value can start with this character; quote the text"},
    Explanation{"could not find expected ':'",
                "expected a ':' behind this key; check the indentation, or quote the text",
                kContext},
    Explanation{"block sequence entries are not allowed in this context",
                "a '-' item is not allowed here; start the list on its own line"},
    Explanation{"mapping keys are not allowed in this context",
                "a key is not allowed here; check the indentation"},
    Explanation{"mapping values are not allowed in this context",
                "a ':' is not allowed here; check the indentation, or quote the text"},
    Explanation{"did not find expected key",
                "expected a key at the indentation of the others, or the mapping's end; perhaps "
                "text follows a closing quote"},
    Explanation{"did not find expected '-' indicator",
                "expected a '-' item at the indentation of the others, or the list's end"},
    Explanation{"did not find expected ',' or '}'",
                "expected ',' or '}' in the mapping that '{' opened"},
    Explanation{"did not find expected ',' or ']'",
                "expected ',' or ']' in the list that '[' opened"},
    Explanation{"did not find expected node content", "expected a value here"},
    Explanation{"found a tab character that violates indentation", kTab},
    Explanation{"found a tab character where an indentation space is expected", kTab},
    Explanation{"found unexpected document indicator",
                "the quote that opened this text is not closed before this line, which separates "
                "documents"},
    Explanation{"found unknown escape character", kEscape},
    Explanation{"did not find expected hexdecimal number",
                "hexadecimal digits are missing: \\x41, \\u0041 or \\U00000041",
                Explanation::At::kEscape},
    Explanation{
        "found invalid Unicode character escape code",
        "there is no such character; one beyond U+FFFF is written \\U0001F600, or as itself",
        Explanation::At::kEscape},
    Explanation{"found an indentation indicator equal to 0", kBlockText},
    Explanation{"found unknown directive name", kDirective, kContext},
    Explanation{"could not find expected directive name", kDirective, kContext},
    Explanation{"found unexpected non-alphabetical character", kDirective, kContext},
    Explanation{"found incompatible YAML document", "only YAML 1.1 and 1.2 can be read"},
    Explanation{"found duplicate %YAML directive", "a second %YAML directive is not allowed"},
    Explanation{"found duplicate %TAG directive", "this %TAG directive repeats another one"},
    Explanation{"found unexpected ':'", "a ':' is not allowed here", kContext},
    Explanation{"found undefined tag handle", kTag},
    Explanation{"did not find expected alphabetic or numeric character",
                "a '&' or '*' starts the name of an anchor, which has letters A to Z, digits, '_' "
                "and '-'; quote the text if none is meant",
                kContext},
};

/// Libyaml has the same message for different things, and more of them than are worth a row.
Explanation by_context(const SyntaxError& error) {
  std::string_view context = error.context;
  if (context == "while scanning a block scalar") return {error.problem, kBlockText};
  if (context == "while scanning a tag" || context == "while parsing a tag")
    return {error.problem, kTag, kContext};
  if (context.ends_with("directive"))
    return {error.problem, "this directive is not complete, or not well-formed"};
  return {error.problem, error.problem};
}

Explanation explained(const SyntaxError& error) {
  auto row = std::find_if(kExplanations.begin(), kExplanations.end(),
                          [&](const Explanation& each) { return each.problem == error.problem; });
  return row != kExplanations.end() ? *row : by_context(error);
}

/// Where the character with that number starts, or the end.
size_t offset_of(std::string_view text, size_t index) {
  size_t characters = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    bool starts_character = (static_cast<unsigned char>(text[at]) & 0xC0) != 0x80;
    if (starts_character && characters++ == index) return at;
  }
  return text.size();
}

class SyntaxReport {
 public:
  SyntaxReport(const SyntaxError& error, std::string_view source, const TreeBuilder& builder)
      : error_(error),
        source_(source),
        builder_(builder),
        offset_(offset_of(source, error.at.index)),
        next_(offset_ < source.size() ? source[offset_] : '\0') {}

  void add_to(ProblemList& problems) const {
    bool quote_open = error_.problem == "found unexpected end of stream";
    if (next_ == '\0' && !quote_open && builder_.report_open_bracket(problems)) return;
    Explanation explanation = explained(error_);
    std::string text = by_what_is_there();
    if (text.empty()) text = explanation.text;
    Place at = place(explanation.at);
    problems.add(at.line, at.column, std::move(text));
  }

 private:
  Place place(Explanation::At at) const {
    if (at == Explanation::At::kContext) return error_.context_at.place;
    Place place = error_.at.place;
    if (at == Explanation::At::kEscape) place.column -= 2;
    return place;
  }

  /// A message that depends on the text around the place; empty when there is none.
  std::string by_what_is_there() const {
    if (error_.problem == "found unexpected ':'") return about_colon();
    if (error_.problem == "found character that cannot start any token")
      return next_ == '\t' ? std::string(kTab) : "";
    if (error_.problem == "found unexpected end of stream") {
      Place opened = error_.context_at.place;
      return fmt::format("the quote that opened this text (line {}, column {}) is never closed",
                         opened.line, opened.column);
    }
    if (error_.problem == "did not find expected <document start>") {
      return builder_.in_document()
                 ? "only one YAML document is allowed, and this stands behind its end; check the "
                   "indentation and the brackets before it"
                 : "a line '---' must follow the directives";
    }
    if (error_.problem == "did not find expected node content") return about_missing_value();
    bool in_brackets =
        error_.problem.ends_with("',' or '}'") || error_.problem.ends_with("',' or ']'");
    if (in_brackets && (next_ == ']' || next_ == '}')) return std::string(kNoMatch);
    if (in_brackets && next_ == ':')
      return "this ':' has no key; a ',' is missing before the key, or the key is not on this line";
    return "";
  }

  std::string about_missing_value() const {
    if (next_ == ']' || next_ == '}') return std::string(kNoMatch);
    if (next_ == ',') return "there is nothing before this ','";
    if (next_ == ':') return "a key is missing here (a key named null or ~ must be quoted)";
    if (next_ == '-') {
      return builder_.in_flow() ? "a '-' item is not allowed inside brackets; separate items by ','"
                                : "a '-' item is not allowed here; start the list on its own line";
    }
    return "";
  }

  /// `{ a: }` with no space, or `{ a:[1] }`.
  std::string about_colon() const {
    size_t start = offset_of(source_, error_.context_at.index);
    std::string_view key = source_.substr(start, offset_ - start);
    char behind = offset_ + 1 < source_.size() ? source_[offset_ + 1] : '\0';
    bool nothing = behind == ',' || behind == ']' || behind == '}';
    return fmt::format(
        "the key '{}' {}", redact_uri(key),
        nothing ? "has no value; write null if that is meant" : "needs a space behind its ':'");
  }

  const SyntaxError& error_;
  std::string_view source_;
  const TreeBuilder& builder_;
  size_t offset_;
  char next_;  ///< what is at the error's place; NUL at the end of the file
};

}  // namespace

void report_syntax(const SyntaxError& error, std::string_view source, const TreeBuilder& builder,
                   ProblemList& problems) {
  SyntaxReport(error, source, builder).add_to(problems);
}

}  // namespace whimbrel::migration
