#include "flow/lint_suppress.h"

#include <doctest/doctest.h>

namespace whimbrel {
namespace {

LintedFile with_drop(int line, int statement) {
  LintedFile file;
  file.add(kDrop, {line, 5, statement}, "dropped", "keep it");
  return file;
}

Suppression suppression(int line, bool alone) {
  Suppression one = *read_suppression(" whimbrel: allow W007 exported");
  one.line = one.end = line;
  one.alone = alone;
  return one;
}

bool is_suppressed(LintedFile file, const Suppression& by) {
  file.suppressions.push_back(by);
  apply_suppressions(file);
  return file.findings.front().suppressed;
}

}  // namespace

TEST_CASE("a comment allows a rule with the reason behind it") {
  auto found = read_suppression("*\n * whimbrel: allow W007  exported to the archive \n ");
  REQUIRE(found);
  CHECK(found->code == "W007");
  CHECK(found->reason == "exported to the archive");
  CHECK(read_suppression(" whimbrel: allow W007")->reason.empty());
  CHECK_FALSE(read_suppression(" whimbrel: forbid W007 so"));
  CHECK_FALSE(read_suppression(" see whimbrel: allow W007 so"));
}

TEST_CASE("a comment on a line of its own is about the next line, or the statement there") {
  CHECK(is_suppressed(with_drop(8, 8), suppression(7, true)));
  CHECK(is_suppressed(with_drop(12, 8), suppression(7, true)));
  CHECK(is_suppressed(with_drop(12, 8), suppression(11, true)));
  CHECK_FALSE(is_suppressed(with_drop(8, 8), suppression(6, true)));
  CHECK_FALSE(is_suppressed(with_drop(8, 8), suppression(8, true)));
}

TEST_CASE("a comment behind something is about its own line") {
  CHECK(is_suppressed(with_drop(8, 8), suppression(8, false)));
  CHECK_FALSE(is_suppressed(with_drop(8, 8), suppression(7, false)));
}

TEST_CASE("the codes of the rules are different and in order") {
  auto codes = lint_codes();
  for (size_t i = 1; i < codes.size(); ++i) CHECK(codes[i - 1] < codes[i]);
  for (const std::string& code : codes) CHECK(find_lint_rule(code) != nullptr);
  CHECK(find_lint_rule("w001") == find_lint_rule("W001"));
  CHECK(find_lint_rule("W01") == nullptr);
}

}  // namespace whimbrel
