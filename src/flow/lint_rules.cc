#include "flow/lint_rules.h"

#include <algorithm>
#include <array>

#include "flow/lint_rule_texts.h"

namespace whimbrel {
namespace {

constexpr auto kError = Severity::kError;
constexpr auto kWarning = Severity::kWarning;

constexpr std::array kRules = {
    LintRule{"W001", kError, "an update that changes finished documents again",
             rule_text::kRepeatMeaning, rule_text::kRepeatWhy, rule_text::kRepeatBadScript,
             rule_text::kRepeatGoodScript, rule_text::kRepeatBadYaml, rule_text::kRepeatGoodYaml},
    LintRule{"W002", kError, "a write to every document, without a filter",
             rule_text::kFilterMeaning, rule_text::kFilterWhy, rule_text::kFilterBadScript,
             rule_text::kFilterGoodScript, rule_text::kFilterBadYaml, rule_text::kFilterGoodYaml},
    LintRule{"W003", kWarning, "paging with skip", rule_text::kSkipMeaning, rule_text::kSkipWhy,
             rule_text::kSkipBadScript, rule_text::kSkipGoodScript, "", ""},
    LintRule{"W004", kWarning, "a migration that cannot be undone", rule_text::kDownMeaning,
             rule_text::kDownWhy, rule_text::kDownBadScript, rule_text::kDownGoodScript,
             rule_text::kDownBadYaml, rule_text::kDownGoodYaml},
    LintRule{"W005", kWarning, "a where that no index serves", rule_text::kIndexMeaning,
             rule_text::kIndexWhy, rule_text::kIndexBadScript, rule_text::kIndexGoodScript,
             rule_text::kIndexBadYaml, rule_text::kIndexGoodYaml, true},
    LintRule{"W006", kWarning, "an index build on a large collection", rule_text::kBuildMeaning,
             rule_text::kBuildWhy, rule_text::kBuildBadScript, rule_text::kBuildGoodScript,
             rule_text::kBuildBadYaml, rule_text::kBuildGoodYaml, true},
    LintRule{"W007", kError, "a drop without a backup", rule_text::kDropMeaning,
             rule_text::kDropWhy, rule_text::kDropBadScript, rule_text::kDropGoodScript,
             rule_text::kDropBadYaml, rule_text::kDropGoodYaml},
    LintRule{"W008", kError, "a promise that nobody waits for", rule_text::kAwaitMeaning,
             rule_text::kAwaitWhy, rule_text::kAwaitBadScript, rule_text::kAwaitGoodScript, "", ""},
    LintRule{"W009", kWarning, "a whole collection in memory", rule_text::kMemoryMeaning,
             rule_text::kMemoryWhy, rule_text::kMemoryBadScript, rule_text::kMemoryGoodScript, "",
             ""},
    LintRule{"W010", kWarning, "two pending migrations that change the same field",
             rule_text::kSameFieldMeaning, rule_text::kSameFieldWhy, rule_text::kSameFieldBadScript,
             rule_text::kSameFieldGoodScript, rule_text::kSameFieldBadYaml,
             rule_text::kSameFieldGoodYaml, true},
    LintRule{"W011", kWarning, "JavaScript that the server runs", rule_text::kServerScriptMeaning,
             rule_text::kServerScriptWhy, rule_text::kServerScriptBadScript,
             rule_text::kServerScriptGoodScript, rule_text::kServerScriptBadYaml,
             rule_text::kServerScriptGoodYaml},
    LintRule{"W090", kError, "a syntax error", rule_text::kSyntaxMeaning, rule_text::kSyntaxWhy, "",
             "", "", ""},
    LintRule{"W091", kError, "a suppression without a reason", rule_text::kReasonMeaning,
             rule_text::kReasonWhy, rule_text::kReasonBadScript, rule_text::kReasonGoodScript,
             rule_text::kReasonBadYaml, rule_text::kReasonGoodYaml},
    LintRule{"W092", kWarning, "a suppression of nothing", rule_text::kNothingMeaning,
             rule_text::kNothingWhy, "", "", "", ""},
};

char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

}  // namespace

std::string_view to_text(Severity severity) {
  return severity == Severity::kError ? "error" : "warning";
}

std::span<const LintRule> lint_rules() {
  return kRules;
}

const LintRule* find_lint_rule(std::string_view code) {
  std::string wanted(code);
  std::transform(wanted.begin(), wanted.end(), wanted.begin(), upper);
  for (const LintRule& rule : kRules) {
    if (rule.code == wanted) return &rule;
  }
  return nullptr;
}

bool can_be_suppressed(const LintRule& rule) {
  return rule.code != kSyntax && rule.code != kNoReason && rule.code != kSuppressesNothing;
}

std::vector<std::string> lint_codes() {
  std::vector<std::string> codes;
  for (const LintRule& rule : kRules) codes.emplace_back(rule.code);
  return codes;
}

}  // namespace whimbrel
