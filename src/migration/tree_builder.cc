#include "migration/tree_builder.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/text.h"

namespace whimbrel::migration {
namespace {

constexpr std::string_view kYamlTagPrefix = "tag:yaml.org,2002:";

size_t node_count(const YamlNode& node) {
  size_t count = 1;
  for (const YamlNode& item : node.items) count += node_count(item);
  for (const YamlEntry& entry : node.entries) count += 1 + node_count(entry.value);
  return count;
}

std::optional<YamlTag> scalar_tag(std::string_view tag) {
  constexpr std::array<std::pair<std::string_view, YamlTag>, 6> kTags = {{
      {"str", YamlTag::kStr},
      {"int", YamlTag::kInt},
      {"float", YamlTag::kFloat},
      {"bool", YamlTag::kBool},
      {"null", YamlTag::kNull},
      {"binary", YamlTag::kBinary},
  }};
  if (!tag.starts_with(kYamlTagPrefix)) return std::nullopt;
  tag.remove_prefix(kYamlTagPrefix.size());
  for (const auto& [name, value] : kTags) {
    if (tag == name) return value;
  }
  return std::nullopt;
}

bool is_null_text(std::string_view text) {
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

YamlNode placed(Place at, YamlNode::Kind kind) {
  YamlNode node;
  node.kind = kind;
  node.line = at.line;
  node.column = at.column;
  return node;
}

}  // namespace

bool TreeBuilder::start_document(Place at) {
  if (documents_++ == 0) return true;
  return stop(at, "only one YAML document is allowed, and another starts here");
}

bool TreeBuilder::scalar(FoundScalar found) {
  report_missing();
  if (!count_node(found.at)) return false;
  const auto& [anchor, tag] = found.properties;
  bool null = found.plain && tag.empty() && is_null_text(found.text);
  YamlNode node = placed(found.at, null ? YamlNode::Kind::kNull : YamlNode::Kind::kScalar);
  if (found.missing) place_missing(node);
  if (null) return complete(std::move(node), anchor);
  node.quoted = tag.empty() ? !found.plain : tag == "!";
  if (!tag.empty() && tag != "!") {
    auto known = scalar_tag(tag);
    if (!known) return refuse_tag(found.at, tag);
    node.tag = *known;
  }
  node.text = std::move(found.text);
  return complete(std::move(node), anchor);
}

/// The author looks for a missing value at its key. Inside brackets it is a slip, such as
/// `{ a:1 }`, whose key is "a:1".
void TreeBuilder::place_missing(YamlNode& node) {
  if (open_.empty() || !open_.back().has_key) return;
  const YamlNode& key = open_.back().key;
  node.line = key.line;
  node.column = key.column;
  if (open_.back().flow) key_without_value_ = key;
}

void TreeBuilder::report_missing() {
  if (!key_without_value_) return;
  problems_.add(*key_without_value_,
                fmt::format("the key '{}' has no value; write null if that is meant, and a space "
                            "behind the ':' of a key",
                            redact_uri(key_without_value_->text)));
  key_without_value_.reset();
}

bool TreeBuilder::alias(Place at, std::string_view anchor) {
  report_missing();
  auto found = anchored_.find(anchor);
  if (found == anchored_.end()) return stop(at, "this alias has no anchor before it");
  const auto& [anchored, count] = found->second;
  if (count == 0) return stop(at, "this alias stands for something that contains it");
  aliased_nodes_ += count;
  if (aliased_nodes_ > kMaxAliasedNodes) {
    return stop(at, fmt::format("the aliases of this file expand to more than {} values",
                                kMaxAliasedNodes));
  }
  YamlNode node = anchored;
  node.line = at.line;
  node.column = at.column;
  return complete(std::move(node), "");
}

bool TreeBuilder::open(const FoundCollection& found) {
  report_missing();
  if (!count_node(found.at)) return false;
  const auto& [anchor, tag] = found.properties;
  bool mapping = found.kind == YamlNode::Kind::kMapping;
  std::string_view own = mapping ? "tag:yaml.org,2002:map" : "tag:yaml.org,2002:seq";
  if (!tag.empty() && tag != "!" && tag != own) return refuse_tag(found.at, tag);
  if (open_.size() >= kMaxDepth) {
    return stop(found.at, fmt::format("nested more than {} levels deep", kMaxDepth));
  }
  if (!open_.empty() && open_.back().node.is_mapping() && !open_.back().has_key) {
    return stop(found.at,
                "a key must be a single word or text, not a list or mapping (or a bracket before "
                "this is never closed)");
  }
  if (!anchor.empty()) anchored_.insert_or_assign(std::string(anchor), Anchored{});
  open_.push_back(
      Open{placed(found.at, found.kind), std::string(anchor), found.flow, found.bracketed});
  return true;
}

bool TreeBuilder::close() {
  report_missing();
  Open closed = std::move(open_.back());
  open_.pop_back();
  if (closed.node.is_mapping()) report_repeated_keys(closed.node, problems_);
  return complete(std::move(closed.node), closed.anchor);
}

bool TreeBuilder::report_open_bracket(ProblemList& problems) const {
  for (auto open = open_.rbegin(); open != open_.rend(); ++open) {
    if (!open->bracketed) continue;
    char bracket = open->node.is_mapping() ? '{' : '[';
    problems.add(open->node, fmt::format("this '{}' is never closed", bracket));
    return true;
  }
  return false;
}

bool TreeBuilder::count_node(Place at) {
  if (++nodes_ <= kMaxNodes) return true;
  return stop(at,
              fmt::format("a file has at most {} values; many documents are inserted by several "
                          "files, or by a script",
                          kMaxNodes));
}

bool TreeBuilder::stop(Place at, std::string message) const {
  problems_.add(at.line, at.column, std::move(message));
  return false;
}

bool TreeBuilder::refuse_tag(Place at, std::string_view tag) const {
  if (tag.starts_with(kYamlTagPrefix)) tag.remove_prefix(kYamlTagPrefix.size());
  return stop(at, fmt::format("unknown tag '{}'; known are !!str !!int !!float !!bool !!null "
                              "!!binary, and other types are written as Extended JSON, for "
                              "example {{ $oid: … }}",
                              tag));
}

bool TreeBuilder::complete(YamlNode node, std::string_view anchor) {
  if (!anchor.empty()) {
    size_t count = node_count(node);
    // No alias can stand for more than the limit, so such a copy is never needed.
    anchored_.insert_or_assign(std::string(anchor),
                               Anchored{count > kMaxAliasedNodes ? YamlNode{} : node, count});
  }
  if (open_.empty()) {
    root_ = std::move(node);
    return true;
  }
  Open& parent = open_.back();
  if (parent.node.is_sequence()) {
    parent.node.items.push_back(std::move(node));
  } else if (!parent.has_key) {
    if (!check_key(node)) return false;
    parent.key = std::move(node);
    parent.has_key = true;
  } else {
    parent.node.entries.push_back({std::move(parent.key), std::move(node)});
    parent.has_key = false;
  }
  return true;
}

bool TreeBuilder::check_key(const YamlNode& key) const {
  Place at{key.line, key.column};
  if (key.is_null()) {
    return stop(at, "a key is missing here (a key named null or ~ must be quoted)");
  }
  if (!key.is_scalar()) {
    return stop(at, "a key must be a single word or text, not a list or mapping");
  }
  if (key.text == "<<" && !key.quoted) {
    return stop(at, "merge keys ('<<') are not part of YAML 1.2; write the keys out");
  }
  return true;
}

}  // namespace whimbrel::migration
