#include <fmt/format.h>

#include "migration/core_schema.h"
#include "migration/steps.h"
#include "migration/values.h"

namespace whimbrel::migration {
namespace {

constexpr std::string_view kForms =
    "{ none: FILTER }, { all: FILTER }, { count: FILTER, equals: N } or "
    "{ aggregate: PIPELINE, empty: true }";

std::string shown(const mongo::Document& pipeline) {
  mongo::Document holder;
  holder.append_array("v", pipeline);
  std::string json = holder.view().to_relaxed_json();  // { "v" : [ … ] }
  size_t start = json.find(':') + 2;
  return json.substr(start, json.size() - start - 2);
}

void read_count(Check& check, const YamlNode& node, ProblemList& problems) {
  check.kind = Check::Kind::kCount;
  check.filter = to_document(*node.find("count"), "count", problems);
  const YamlNode* equals = node.find("equals");
  if (!equals) {
    problems.add(node, "'count' needs 'equals', the number of documents that it must find");
    return;
  }
  check.equals = read_integer(*equals, "equals", 0, INT64_MAX, problems);
  check.text =
      fmt::format("count {} equals {}", check.filter.view().to_relaxed_json(), check.equals);
}

void read_aggregate(Check& check, const YamlNode& node, ProblemList& problems) {
  check.kind = Check::Kind::kAggregateEmpty;
  const YamlNode& pipeline = *node.find("aggregate");
  const YamlNode* empty = node.find("empty");
  check.pipeline = to_array(pipeline, "aggregate", problems);
  for (const YamlNode& stage : pipeline.items) {
    bool valid = stage.is_mapping() && stage.entries.size() == 1 &&
                 stage.entries[0].key.text.starts_with("$");
    if (!valid) refuse_value(stage, "a stage", "a mapping with one key such as $match", problems);
    bool writes = valid && (stage.find("$out") || stage.find("$merge"));
    if (writes) problems.add(stage, "a check only reads: $out and $merge are not allowed");
  }
  bool is_true = empty && empty->is_scalar() && resolve(*empty).boolean;
  if (!is_true) problems.add(node, "'aggregate' needs 'empty: true'");
  check.text = fmt::format("aggregate {} is empty", shown(check.pipeline));
}

Check read_check(const YamlNode& node, ProblemList& problems) {
  static const Names kNone = {"none"};
  static const Names kAll = {"all"};
  static const Names kCounts = {"count", "equals"};
  static const Names kAggregates = {"aggregate", "empty"};
  Check check;
  auto read_filter = [&](Check::Kind kind, const std::string& name) {
    check.kind = kind;
    check.filter = to_document(*node.find(name), name, problems);
    check.text = fmt::format("{} {}", name, check.filter.view().to_relaxed_json());
  };
  auto refuse_others = [&](const Names& keys) {
    refuse_unknown_keys(node, fmt::format("the check '{}'", keys[0]), keys, problems);
  };
  if (node.find("none")) {
    refuse_others(kNone);
    read_filter(Check::Kind::kNone, "none");
  } else if (node.find("all")) {
    refuse_others(kAll);
    read_filter(Check::Kind::kAll, "all");
  } else if (node.find("count")) {
    refuse_others(kCounts);
    read_count(check, node, problems);
  } else if (node.find("aggregate")) {
    refuse_others(kAggregates);
    read_aggregate(check, node, problems);
  } else {
    problems.add(node, fmt::format("a check must be {}", kForms));
  }
  return check;
}

}  // namespace

std::vector<Check> read_checks(const YamlNode& node, ProblemList& problems) {
  std::vector<Check> checks;
  if (!node.is_sequence()) {
    refuse_value(node, "check", fmt::format("a list of {}", kForms), problems);
    return checks;
  }
  for (const YamlNode& item : node.items) checks.push_back(read_check(item, problems));
  return checks;
}

}  // namespace whimbrel::migration
