#include "flow/lint_file.h"

#include <fmt/format.h>

#include "base/text.h"

namespace whimbrel {
namespace {

constexpr std::string_view kMark = "whimbrel:";

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

/// The first word of `text`, which is left behind it.
std::string_view take_word(std::string_view& text) {
  text = trim(text);
  size_t end = 0;
  while (end < text.size() && !is_blank(text[end]) && text[end] != '\n') ++end;
  std::string_view word = text.substr(0, end);
  text = trim(text.substr(end));
  return word;
}

}  // namespace

std::optional<Suppression> read_suppression(std::string_view comment) {
  std::string_view rest = trim(comment);
  // A block comment may start its lines with stars.
  while (rest.starts_with("*")) rest = trim(rest.substr(1));
  if (!rest.starts_with(kMark)) return std::nullopt;
  rest.remove_prefix(kMark.size());
  if (take_word(rest) != "allow") return std::nullopt;
  Suppression found;
  found.code = take_word(rest);
  found.reason = rest;
  return found;
}

void LintedFile::add(std::string_view code, const LintPlace& at, std::string message,
                     std::string hint) {
  const LintRule* rule = find_lint_rule(code);
  add(code, rule ? rule->severity : Severity::kWarning, at, std::move(message), std::move(hint));
}

void LintedFile::add(std::string_view code, Severity severity, const LintPlace& at,
                     std::string message, std::string hint) {
  Finding finding;
  finding.code = code;
  finding.severity = severity;
  finding.path = path;
  finding.place = at;
  finding.message = std::move(message);
  finding.hint = std::move(hint);
  findings.push_back(std::move(finding));
}

bool has_server_script(mongo::View part) {
  for (const mongo::Value& field : part.elements()) {
    std::string_view key = field.key();
    if (key == "$where" || key == "$function" || key == "$accumulator") return true;
    if (key == "$literal") continue;
    if (field.is_document() && has_server_script(field.as_document())) return true;
  }
  return false;
}

std::string drop_hint(std::string_view comment) {
  return fmt::format(
      "rename the collection and drop it a release later, or make a backup and say so: {} "
      "whimbrel: "
      "allow W007 REASON",
      comment);
}

void add_server_script(LintedFile& linted, const LintPlace& at) {
  linted.add(kServerScript, at,
             "the server runs JavaScript for each document, which no index helps, and which many "
             "servers refuse",
             "say it with $expr and the operators of expressions");
}

}  // namespace whimbrel
