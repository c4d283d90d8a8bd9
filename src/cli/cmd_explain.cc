#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/json_rows.h"
#include "flow/lint_rules.h"

namespace whimbrel {
namespace {

using Json = nlohmann::ordered_json;

Json brief_json(const LintRule& rule) {
  return {{"code", rule.code}, {"severity", to_text(rule.severity)}, {"title", rule.title}};
}

Json whole_json(const LintRule& rule) {
  Json json = brief_json(rule);
  json["meaning"] = rule.meaning;
  json["why"] = rule.why;
  json["examples"] = {{"badScript", rule.bad_script},
                      {"goodScript", rule.good_script},
                      {"badYaml", rule.bad_yaml},
                      {"goodYaml", rule.good_yaml}};
  json["suppressible"] = can_be_suppressed(rule);
  return json;
}

void print_example(std::string_view title, std::string_view text) {
  if (text.empty()) return;
  fmt::print("\n{}\n", title);
  while (!text.empty()) {
    size_t end = std::min(text.find('\n'), text.size());
    fmt::print("  {}\n", text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

void print_rule(const LintRule& rule) {
  fmt::print("{} {}: {}\n\n{}\n\n{}\n", rule.code, to_text(rule.severity), rule.title, rule.meaning,
             rule.why);
  print_example("Not so, in JavaScript:", rule.bad_script);
  print_example("But so:", rule.good_script);
  print_example("Not so, in YAML:", rule.bad_yaml);
  print_example("But so:", rule.good_yaml);
  if (!can_be_suppressed(rule)) return;
  fmt::print(
      "\nWhere it is all right, say why: on the line, on a line of its own before it, or at the "
      "top for the whole file:\n"
      "  // whimbrel: allow {0} REASON      in JavaScript and TypeScript\n"
      "  # whimbrel: allow {0} REASON       in YAML\n",
      rule.code);
}

int explain_all(Output output) {
  if (output == Output::kText) {
    for (const LintRule& rule : lint_rules()) {
      fmt::print("{}  {:<7}  {}\n", rule.code, to_text(rule.severity), rule.title);
    }
    fmt::print(stderr, "Next: whimbrel explain {}\n", lint_rules().front().code);
    return 0;
  }
  Json rules = Json::array();
  for (const LintRule& rule : lint_rules()) rules.push_back(brief_json(rule));
  if (output == Output::kJson) {
    fmt::print("{}\n",
               JsonRows::text(Json{{"schema", 1}, {"type", "rules"}, {"rules", std::move(rules)}}));
    return 0;
  }
  for (const Json& rule : rules) fmt::print("{}\n", JsonRows::text(rule));
  return 0;
}

}  // namespace

Result<int> run_explain(const Arguments& arguments) {
  if (arguments.words.empty()) return explain_all(arguments.output);
  std::vector<const LintRule*> rules;
  for (const std::string& code : arguments.words) {
    rules.push_back(find_lint_rule(code));
    if (rules.back()) continue;
    return Error{ErrorKind::kUsage,
                 fmt::format("no rule has the code '{}'{}", code, did_you_mean(code, lint_codes())),
                 "whimbrel explain"};
  }
  for (const LintRule* rule : rules) {
    if (arguments.output != Output::kText) fmt::print("{}\n", JsonRows::text(whole_json(*rule)));
    else print_rule(*rule);
    if (arguments.output == Output::kText && rule != rules.back()) fmt::print("\n");
  }
  return 0;
}

}  // namespace whimbrel
