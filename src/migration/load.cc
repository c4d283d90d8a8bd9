#include "migration/load.h"

#include <fmt/format.h>

#include "migration/fields.h"
#include "migration/json.h"
#include "migration/steps.h"

namespace whimbrel {
namespace {

using migration::Names;
using migration::ProblemList;
using migration::YamlNode;

const Names kTopKeys = {"description", "steps", "down", "environments", "tags", "transaction"};

std::vector<Step> read_steps(const YamlNode& node, std::string_view what,
                             const migration::StepRules& rules, ProblemList& problems) {
  std::vector<Step> steps;
  if (!node.is_sequence() || node.items.empty()) {
    migration::refuse_value(node, what, "a list of at least one step", problems);
    return steps;
  }
  for (const YamlNode& item : node.items) {
    steps.push_back(migration::read_step(item, rules, problems));
  }
  return steps;
}

void read_down(Migration& loaded, const YamlNode& node, ProblemList& problems) {
  if (node.is_sequence()) {
    loaded.down = DownKind::kSteps;
    migration::StepRules rules{loaded.transaction, true};
    loaded.down_steps = read_steps(node, "down", rules, problems);
    return;
  }
  bool from_journal = migration::is_string(node) && node.text == "journal";
  if (!from_journal) {
    migration::refuse_value(node, "down", "'journal' or a list of steps", problems);
  }
}

void read_top(Migration& loaded, const YamlNode& root, ProblemList& problems) {
  if (const YamlNode* node = root.find("description")) {
    loaded.description = migration::read_text(*node, "description", problems);
  }
  if (const YamlNode* node = root.find("environments")) {
    loaded.environments = migration::read_names(*node, "environments", problems);
  }
  if (const YamlNode* node = root.find("tags")) {
    loaded.tags = migration::read_names(*node, "tags", problems);
  }
  if (const YamlNode* node = root.find("transaction")) {
    loaded.transaction = migration::read_bool(*node, "transaction", problems);
  }
}

void read_root(Migration& loaded, const YamlNode& root, ProblemList& problems) {
  if (root.is_null() || !root.is_mapping()) {
    problems.add(root, root.is_null() ? "the file is empty; it needs 'steps: [ … ]'"
                                      : "a migration is a mapping with 'steps: [ … ]'");
    return;
  }
  migration::refuse_unknown_keys(root, "a migration", kTopKeys, problems);
  read_top(loaded, root, problems);
  const YamlNode* down = root.find("down");
  const YamlNode* steps = root.find("steps");
  if (steps) {
    migration::StepRules rules{loaded.transaction, down && down->is_sequence()};
    loaded.steps = read_steps(*steps, "steps", rules, problems);
  } else {
    problems.add(root, "a migration needs 'steps: [ … ]'");
  }
  if (down) read_down(loaded, *down, problems);
}

}  // namespace

Loaded load_migration(std::string_view file, std::string_view source) {
  ProblemList problems(file);
  Migration loaded;
  loaded.file = file;
  auto root = file.ends_with(".json") ? migration::parse_json(source, problems)
                                      : migration::parse_yaml(source, problems);
  if (root) read_root(loaded, *root, problems);
  if (!problems.empty()) return problems.take();
  return loaded;
}

}  // namespace whimbrel
