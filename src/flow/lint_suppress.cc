#include "flow/lint_suppress.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace whimbrel {
namespace {

/// The line that a comment on a line of its own is about: behind others of its kind.
int line_after(const Suppression& one, const std::vector<Suppression>& all) {
  int line = one.end + 1;
  for (const Suppression& other : all) {
    if (other.alone && other.line == line) line = other.end + 1;
  }
  return line;
}

bool is_about(const Suppression& one, const LintPlace& place, const std::vector<Suppression>& all) {
  if (one.top) return true;
  int line = one.alone ? line_after(one, all) : one.line;
  return place.line == line || place.statement == line;
}

/// Whether it suppressed anything.
bool suppress(LintedFile& file, const Suppression& one, const LintRule& rule) {
  bool any = false;
  for (Finding& finding : file.findings) {
    if (finding.code != rule.code || !is_about(one, finding.place, file.suppressions)) continue;
    finding.suppressed = any = true;
    finding.reason = one.reason;
  }
  return any;
}

void refuse(LintedFile& file, const Suppression& one, const std::string& why) {
  file.add(kNoReason, {one.line, 1, one.line}, why + ", so it suppresses nothing",
           "write: whimbrel: allow CODE and why it is all right here");
}

}  // namespace

void apply_suppressions(LintedFile& file) {
  for (const Suppression& one : file.suppressions) {
    const LintRule* rule = find_lint_rule(one.code);
    if (!rule || !can_be_suppressed(*rule)) {
      refuse(file, one,
             fmt::format("there is no rule '{}'{} to allow", one.code,
                         did_you_mean(one.code, lint_codes())));
    } else if (one.reason.empty()) {
      refuse(file, one, fmt::format("the comment allows {} without a reason", rule->code));
    } else if (!suppress(file, one, *rule) && !rule->depends_on_database) {
      file.add(kSuppressesNothing, {one.line, 1, one.line},
               fmt::format("the comment allows {}, which is not found there", rule->code),
               "take it away, or put it on the line before what it is about");
    }
  }
}

}  // namespace whimbrel
