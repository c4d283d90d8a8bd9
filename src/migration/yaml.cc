#include "migration/yaml.h"

#include <fmt/format.h>
#include <yaml.h>

#include <unordered_map>
#include <utility>

#include "migration/source_text.h"
#include "migration/stand_ins.h"
#include "migration/tree_builder.h"
#include "migration/yaml_syntax.h"

namespace whimbrel::migration {
namespace {

Place place(const yaml_mark_t& mark) {
  return Place{static_cast<int>(mark.line) + 1, static_cast<int>(mark.column) + 1};
}

std::string_view text_of(const yaml_char_t* text) {
  return text ? std::string_view(reinterpret_cast<const char*>(text)) : std::string_view();
}

class Event {
 public:
  Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { yaml_event_delete(&event_); }

  yaml_event_t* get() { return &event_; }
  const yaml_event_t& operator*() const { return event_; }

 private:
  yaml_event_t event_{};
};

class Parser {
 public:
  explicit Parser(std::string_view text) : usable_(yaml_parser_initialize(&parser_) == 1) {
    if (!usable_) return;
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
                                 text.size());
  }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;
  ~Parser() { yaml_parser_delete(&parser_); }

  bool next(Event& event) { return usable_ && yaml_parser_parse(&parser_, event.get()) == 1; }
  /// Why `next` returned false.
  SyntaxError error() const {
    auto mark = [](const yaml_mark_t& at) { return SyntaxError::Mark{place(at), at.index}; };
    return SyntaxError{parser_.problem ? parser_.problem : "no memory is left for this file",
                       mark(parser_.problem_mark), parser_.context ? parser_.context : "",
                       mark(parser_.context_mark)};
  }

 private:
  yaml_parser_t parser_{};
  bool usable_;
};

/// libyaml compares each %TAG directive with all before it, so many of them would take hours.
bool few_tag_directives(std::string_view text, ProblemList& problems) {
  constexpr int kMost = 100;
  constexpr std::string_view kDirective = "\n%TAG";
  int count = 0;
  for (size_t at = text.find(kDirective); at < text.size(); at = text.find(kDirective, at + 1)) {
    if (++count <= kMost) continue;
    Place place = place_of(text, at + 1);
    problems.add(place.line, place.column,
                 fmt::format("more than {} lines start with %TAG", kMost));
    return false;
  }
  return true;
}

/// Hands the events of one file to its builder.
class Reader {
 public:
  Reader(TreeBuilder& builder, const StandIns& stand_ins)
      : builder_(builder), stand_ins_(stand_ins) {}

  /// False when reading has to stop.
  bool take(const yaml_event_t& event) const {
    Place at = place(event.start_mark);
    switch (event.type) {
      case YAML_DOCUMENT_START_EVENT:
        return builder_.start_document(at);
      case YAML_ALIAS_EVENT:
        return builder_.alias(at, text_of(event.data.alias.anchor));
      case YAML_SCALAR_EVENT:
        return take_scalar(event);
      case YAML_SEQUENCE_START_EVENT:
        return take_sequence(event);
      case YAML_MAPPING_START_EVENT:
        return take_mapping(event);
      case YAML_SEQUENCE_END_EVENT:
      case YAML_MAPPING_END_EVENT:
        return builder_.close();
      default:
        return true;
    }
  }

 private:
  bool take_scalar(const yaml_event_t& event) const {
    const auto& scalar = event.data.scalar;
    FoundScalar found{place(event.start_mark), {text_of(scalar.anchor), text_of(scalar.tag)}};
    found.text.assign(reinterpret_cast<const char*>(scalar.value), scalar.length);
    stand_ins_.restore(found.text);
    found.plain = scalar.style == YAML_PLAIN_SCALAR_STYLE;
    found.missing = found.plain && event.start_mark.index == event.end_mark.index;
    return builder_.scalar(std::move(found));
  }

  bool take_sequence(const yaml_event_t& event) const {
    const auto& sequence = event.data.sequence_start;
    bool flow = sequence.style == YAML_FLOW_SEQUENCE_STYLE;
    return builder_.open({place(event.start_mark),
                          {text_of(sequence.anchor), text_of(sequence.tag)},
                          YamlNode::Kind::kSequence,
                          flow,
                          flow});
  }

  bool take_mapping(const yaml_event_t& event) const {
    const auto& mapping = event.data.mapping_start;
    bool flow = mapping.style == YAML_FLOW_MAPPING_STYLE;
    bool bracketed = flow && event.start_mark.index != event.end_mark.index;
    return builder_.open({place(event.start_mark),
                          {text_of(mapping.anchor), text_of(mapping.tag)},
                          YamlNode::Kind::kMapping,
                          flow,
                          bracketed});
  }

  TreeBuilder& builder_;
  const StandIns& stand_ins_;
};

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
  if (!text || !few_tag_directives(*text, problems)) return std::nullopt;
  StandIns stand_ins(*text);
  if (!stand_ins.check(problems)) return std::nullopt;
  TreeBuilder builder(problems);
  Reader reader(builder, stand_ins);
  Parser parser(stand_ins.text());
  for (bool ended = false; !ended;) {
    Event event;
    if (!parser.next(event)) {
      report_syntax(parser.error(), *text, builder, problems);
      return std::nullopt;
    }
    if (!reader.take(*event)) return std::nullopt;
    ended = (*event).type == YAML_STREAM_END_EVENT;
  }
  return builder.take();
}

}  // namespace whimbrel::migration
