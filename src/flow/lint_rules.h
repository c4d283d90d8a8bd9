// The rules of `lint`: the one table of codes, titles and texts, for `lint`, `explain` and the
// documentation.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace whimbrel {

enum class Severity { kWarning, kError };
std::string_view to_text(Severity severity);

/// Codes never change their meaning.
struct LintRule {
  std::string_view code;   ///< "W001"
  Severity severity;       ///< at its worst; `meaning` says where it is less
  std::string_view title;  ///< a few words
  std::string_view meaning;
  std::string_view why;  ///< the fact about MongoDB, Node or whimbrel behind it
  std::string_view bad_script, good_script, bad_yaml, good_yaml;  ///< "" where there is none
  /// Found or not by what the database holds: a suppression may be right although nothing is found.
  bool depends_on_database = false;
};

std::span<const LintRule> lint_rules();
/// By its code in any case; nullptr when there is none.
const LintRule* find_lint_rule(std::string_view code);
std::vector<std::string> lint_codes();
/// Whether a comment may allow it: not what is wrong with comments, and no syntax error.
bool can_be_suppressed(const LintRule& rule);

// Rules that lint itself names; the codes of others come with their findings.
inline constexpr std::string_view kNotRepeatable = "W001";
inline constexpr std::string_view kNoFilter = "W002";
inline constexpr std::string_view kNoWayBack = "W004";
inline constexpr std::string_view kNoIndex = "W005";
inline constexpr std::string_view kLargeIndexBuild = "W006";
inline constexpr std::string_view kDrop = "W007";
inline constexpr std::string_view kSameField = "W010";
inline constexpr std::string_view kServerScript = "W011";
inline constexpr std::string_view kSyntax = "W090";
inline constexpr std::string_view kNoReason = "W091";
inline constexpr std::string_view kSuppressesNothing = "W092";

}  // namespace whimbrel
