#include "migration/config_values.h"

#include <fmt/format.h>

#include <algorithm>

#include "migration/expansion.h"

namespace whimbrel::migration {
namespace {

void drop(YamlNode& mapping, std::string_view key) {
  std::erase_if(mapping.entries, [key](const YamlEntry& entry) { return entry.key.text == key; });
}

void merge_into(YamlNode& base, const YamlNode& over) {
  for (const YamlEntry& entry : over.entries) {
    if (entry.key.text == "uri") drop(base, "uriFile");
    if (entry.key.text == "uriFile") drop(base, "uri");
    auto same = std::find_if(base.entries.begin(), base.entries.end(), [&](const YamlEntry& known) {
      return known.key.text == entry.key.text;
    });
    if (same == base.entries.end()) base.entries.push_back(entry);
    else if (same->value.is_mapping() && entry.value.is_mapping())
      merge_into(same->value, entry.value);
    else *same = entry;
  }
}

}  // namespace

YamlNode merged_config(const YamlNode& root, const std::string& environment) {
  YamlNode merged = root;
  merged.kind = YamlNode::Kind::kMapping;
  drop(merged, "environments");
  const YamlNode* environments = environment.empty() ? nullptr : root.find("environments");
  const YamlNode* over = environments ? environments->find(environment) : nullptr;
  if (over) merge_into(merged, *over);
  return merged;
}

const YamlNode* ConfigValues::at(std::string_view path) const {
  const YamlNode* node = &merged_;
  while (node && !path.empty()) {
    size_t dot = std::min(path.find('.'), path.size());
    node = node->find(path.substr(0, dot));
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  return node;
}

std::optional<YamlNode> ConfigValues::find(std::string_view path) {
  const YamlNode* node = at(path);
  return node ? filled_in(*node, path) : std::nullopt;
}

std::optional<YamlNode> ConfigValues::filled_in(const YamlNode& node, std::string_view path) {
  if (!node.is_scalar() || !has_variables(node.text)) return node;
  auto expanded = expand(node.text, process_variable);
  if (!expanded) {
    problems_.add(node, fmt::format("{}: {}", path, expanded.error().message));
    return std::nullopt;
  }
  if (!expanded->unset.empty()) {
    problems_.add(node,
                  fmt::format("{} needs the environment variable {}, which is not set; set it "
                              "or write ${{{}:-default}}",
                              path, expanded->unset, expanded->unset));
    return std::nullopt;
  }
  YamlNode filled = node;
  filled.text = expanded->text;
  filled.quoted = false;
  return filled;
}

std::string ConfigValues::text(std::string_view path, const std::string& otherwise) {
  auto node = find(path);
  return node && !node->text.empty() ? node->text : otherwise;
}

std::vector<std::string> ConfigValues::list(std::string_view path) {
  std::vector<std::string> texts;
  const YamlNode* node = at(path);
  if (!node) return texts;
  for (const YamlNode& item : node->items) {
    if (auto filled = filled_in(item, path)) texts.push_back(filled->text);
  }
  return texts;
}

std::string ConfigValues::place(std::string_view path) const {
  const YamlNode* node = at(path);
  return node ? fmt::format("{}:{}:{}", file_, node->line, node->column) : file_;
}

}  // namespace whimbrel::migration
