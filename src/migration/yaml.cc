#include "migration/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <istream>
#include <map>
#include <streambuf>
#include <unordered_map>
#include <utility>

#include "migration/source_text.h"

namespace whimbrel::migration {
namespace {

/// Thrown through yaml-cpp to stop it; the problem is in the list already. Never leaves this file.
struct StopParsing {};

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

/// Builds the tree from yaml-cpp's events. A stack holds the open collections.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(std::string_view source, ProblemList& problems)
      : source_(source),
        ascii_(std::all_of(source.begin(), source.end(),
                           [](char c) { return static_cast<unsigned char>(c) < 0x80; })),
        problems_(problems) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ > 0) stop(mark, "only one YAML document is allowed, and another starts here");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (!open_.empty() && open_.back().flow) refuse_nothing(mark);
    YamlNode node = placed(mark, YamlNode::Kind::kNull);
    // yaml-cpp puts a missing value where the next token is; readers look for it at its key.
    if (!open_.empty() && open_.back().has_key && open_.back().key.line < node.line) {
      node.line = open_.back().key.line;
      node.column = open_.back().key.column;
    }
    complete(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    auto found = anchored_.find(anchor);
    if (found == anchored_.end()) stop(mark, "this alias stands for something that contains it");
    aliased_nodes_ += found->second.second;
    if (aliased_nodes_ > kMaxAliasedNodes) {
      stop(mark,
           fmt::format("the aliases of this file expand to more than {} values", kMaxAliasedNodes));
    }
    YamlNode node = found->second.first;
    YamlNode here = placed(mark, node.kind);
    node.line = here.line;
    node.column = here.column;
    complete(std::move(node), 0);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node = placed(mark, YamlNode::Kind::kScalar);
    node.quoted = tag == "!";
    node.text = value;
    if (tag != "!" && tag != "?" && !tag.empty()) {
      auto known = scalar_tag(tag);
      if (!known) refuse_tag(mark, tag);
      node.tag = *known;
    }
    complete(std::move(node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    open(mark, YamlNode::Kind::kSequence, tag, anchor, style);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    open(mark, YamlNode::Kind::kMapping, tag, anchor, style);
  }
  void OnMapEnd() override {
    report_repeated_keys(open_.back().node, problems_);
    close();
  }

  YamlNode take() { return std::move(root_); }

  /// Adds the problem that yaml-cpp found.
  void refuse(const YAML::Exception& exception, std::string message) {
    Place at = place(exception.mark);
    // At the end of the file yaml-cpp forgets where it is; the bracket is the better place anyway.
    bool forgotten = exception.mark.line == 0 && exception.mark.column == 0;
    if (forgotten && !open_.empty() && open_.back().flow) {
      const YamlNode& opened = open_.back().node;
      problems_.add(opened,
                    fmt::format("this '{}' is never closed", opened.is_mapping() ? '{' : '['));
      return;
    }
    problems_.add(at.line, at.column, std::move(message));
  }

 private:
  struct Open {
    YamlNode node;
    YAML::anchor_t anchor = 0;
    bool flow = false;
    bool has_key = false;
    YamlNode key = {};
  };

  Place place(const YAML::Mark& mark) const {
    int column = mark.column;
    if (!ascii_) {
      auto end = std::min(source_.size(), static_cast<size_t>(mark.pos));
      auto start = end - std::min(end, static_cast<size_t>(mark.column));
      column = place_of(source_.substr(start, end - start), end - start).column - 1;
    }
    return Place{mark.line + 1, column + 1};
  }

  [[noreturn]] void stop(const YAML::Mark& mark, std::string message) {
    Place at = place(mark);
    problems_.add(at.line, at.column, std::move(message));
    throw StopParsing{};
  }

  [[noreturn]] void refuse_tag(const YAML::Mark& mark, std::string_view tag) {
    if (tag.starts_with(kYamlTagPrefix)) tag.remove_prefix(kYamlTagPrefix.size());
    stop(mark,
         fmt::format("unknown tag '{}'; known are !!str !!int !!float !!bool !!null !!binary, "
                     "and other types are written as Extended JSON, for example "
                     "{{ $oid: … }}",
                     tag));
  }

  /// Inside brackets, nothing is a slip: `[a, , b]`, or `{ a:1 }`, whose key is "a:1".
  void refuse_nothing(const YAML::Mark& mark) {
    auto at = static_cast<size_t>(mark.pos);
    char next = at < source_.size() ? source_[at] : '\0';
    if (next != ',' && next != '}' && next != ']') return;
    const Open& parent = open_.back();
    if (!parent.has_key) stop(mark, fmt::format("there is nothing before this '{}'", next));
    problems_.add(parent.key, fmt::format("the key '{}' has no value; write null if that is meant, "
                                          "and a space behind the ':' of a key",
                                          parent.key.text));
  }

  YamlNode placed(const YAML::Mark& mark, YamlNode::Kind kind) const {
    Place at = place(mark);
    YamlNode node;
    node.kind = kind;
    node.line = at.line;
    node.column = at.column;
    return node;
  }

  void open(const YAML::Mark& mark, YamlNode::Kind kind, const std::string& tag,
            YAML::anchor_t anchor, YAML::EmitterStyle::value style) {
    bool mapping = kind == YamlNode::Kind::kMapping;
    std::string_view own = mapping ? "tag:yaml.org,2002:map" : "tag:yaml.org,2002:seq";
    if (tag != "?" && tag != "!" && !tag.empty() && tag != own) refuse_tag(mark, tag);
    if (open_.size() >= kMaxDepth) {
      stop(mark, fmt::format("nested more than {} levels deep", kMaxDepth));
    }
    if (!open_.empty() && open_.back().node.is_mapping() && !open_.back().has_key) {
      stop(mark,
           "a key must be a single word or text, not a list or mapping (or a bracket before this "
           "is never closed)");
    }
    open_.push_back(Open{placed(mark, kind), anchor, style == YAML::EmitterStyle::Flow});
  }

  void close() {
    Open closed = std::move(open_.back());
    open_.pop_back();
    complete(std::move(closed.node), closed.anchor);
  }

  void complete(YamlNode node, YAML::anchor_t anchor) {
    if (anchor != 0) anchored_[anchor] = {node, node_count(node)};
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.is_sequence()) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.has_key) {
      check_key(node);
      parent.key = std::move(node);
      parent.has_key = true;
    } else {
      parent.node.entries.push_back({std::move(parent.key), std::move(node)});
      parent.has_key = false;
    }
  }

  void check_key(const YamlNode& key) {
    if (key.is_null()) {
      problems_.add(key, "a key is missing here (a key named null or ~ must be quoted)");
    } else if (!key.is_scalar()) {
      problems_.add(key, "a key must be a single word or text, not a list or mapping");
    } else if (key.text == "<<" && !key.quoted) {
      problems_.add(key, "merge keys ('<<') are not part of YAML 1.2; write the keys out");
    } else {
      return;
    }
    throw StopParsing{};
  }

  std::string_view source_;
  bool ascii_;
  ProblemList& problems_;
  int documents_ = 0;
  size_t aliased_nodes_ = 0;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, std::pair<YamlNode, size_t>> anchored_;
  YamlNode root_;
};

/// Lets yaml-cpp read the text where it is.
class ViewBuffer : public std::streambuf {
 public:
  explicit ViewBuffer(std::string_view text) {
    char* start = const_cast<char*>(text.data());  // the get area is never written to
    setg(start, start, start + text.size());
  }
};

std::string explained(const std::string& message) {
  using namespace YAML::ErrorMsg;  // NOLINT: a list of names
  const std::pair<const char*, const char*> kExplanations[] = {
      {TAB_IN_INDENTATION, "a tab cannot indent YAML; use spaces"},
      {MAP_VALUE, "a ':' is not allowed here; check the indentation, or quote the text"},
      {MAP_KEY, "a key is not allowed here; check the indentation"},
      {BLOCK_ENTRY, "a '-' item is not allowed here; start the list on its own line"},
      {END_OF_MAP,
       "expected a key at the indentation of the others, or the mapping's end; perhaps text "
       "follows a closing quote"},
      {END_OF_MAP_FLOW, "expected ',' or '}' in the mapping that '{' opened"},
      {END_OF_SEQ, "expected a '-' item at the indentation of the others, or the list's end"},
      {END_OF_SEQ_FLOW, "expected ',' or ']' in the list that '[' opened"},
      {FLOW_END, "a closing bracket that does not match what is open"},
      {UNKNOWN_TOKEN, "no value can start with this character; quote the text"},
      {EOF_IN_SCALAR, "the quote that opened this text is never closed"},
      {UNKNOWN_ANCHOR, "this alias has no anchor before it"},
  };
  for (const auto& [known, explanation] : kExplanations) {
    if (message == known) return explanation;
  }
  return message;
}

void report_repeated(const YamlNode& key, const YamlNode& first, ProblemList& problems) {
  problems.add(key, fmt::format("the key '{}' is already on line {}", key.text, first.line));
}

}  // namespace

const YamlEntry* YamlNode::find_entry(std::string_view key) const {
  for (const YamlEntry& entry : entries) {
    if (entry.key.text == key) return &entry;
  }
  return nullptr;
}

const YamlNode* YamlNode::find(std::string_view key) const {
  const YamlEntry* entry = find_entry(key);
  return entry ? &entry->value : nullptr;
}

void report_repeated_keys(const YamlNode& mapping, ProblemList& problems) {
  const auto& entries = mapping.entries;
  constexpr size_t kFew = 12;  // below that, comparing all is faster than a table
  if (entries.size() <= kFew) {
    for (size_t i = 1; i < entries.size(); ++i) {
      const YamlNode& first = mapping.find_entry(entries[i].key.text)->key;
      if (&first != &entries[i].key) report_repeated(entries[i].key, first, problems);
    }
    return;
  }
  std::unordered_map<std::string_view, const YamlNode*> seen;
  for (const YamlEntry& entry : entries) {
    auto [first, fresh] = seen.emplace(entry.key.text, &entry.key);
    if (!fresh) report_repeated(entry.key, *first->second, problems);
  }
}

std::optional<YamlNode> parse_yaml(std::string_view source, ProblemList& problems) {
  auto text = checked_source(source, problems);
  if (!text) return std::nullopt;
  ViewBuffer buffer(*text);
  std::istream stream(&buffer);
  TreeBuilder builder(*text, problems);
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
    return builder.take();
  } catch (const StopParsing&) {
  } catch (const YAML::Exception& exception) {
    builder.refuse(exception, explained(exception.msg));
  }
  return std::nullopt;
}

}  // namespace whimbrel::migration
