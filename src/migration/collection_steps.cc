#include <fmt/format.h>

#include <algorithm>

#include "migration/options.h"
#include "migration/steps.h"
#include "migration/values.h"

namespace whimbrel::migration {
namespace {

const std::vector<Option> kCreateOptions = {
    {"capped", OptionType::kBool},
    {"size", OptionType::kNumber},
    {"max", OptionType::kNumber},
    {"validator", OptionType::kMapping},
    {"validationLevel", OptionType::kText},
    {"validationAction", OptionType::kText},
    {"collation", OptionType::kMapping},
    {"timeseries", OptionType::kMapping},
    {"expireAfterSeconds", OptionType::kNumber},
    {"clusteredIndex", OptionType::kMapping},
    {"viewOn", OptionType::kText},
    {"pipeline", OptionType::kList},
    {"changeStreamPreAndPostImages", OptionType::kMapping},
    {"indexOptionDefaults", OptionType::kMapping},
    {"storageEngine", OptionType::kMapping},
};
const std::vector<Option> kCollModOptions = {
    {"validator", OptionType::kMapping},
    {"validationLevel", OptionType::kText},
    {"validationAction", OptionType::kText},
    {"index", OptionType::kMapping},
    {"expireAfterSeconds", OptionType::kNumberOrOff},
    {"changeStreamPreAndPostImages", OptionType::kMapping},
    {"viewOn", OptionType::kText},
    {"pipeline", OptionType::kList},
    {"cappedSize", OptionType::kNumber},
    {"cappedMax", OptionType::kNumber},
};

void check_word(const YamlNode& mapping, std::string_view key, const Names& allowed,
                ProblemList& problems) {
  const YamlNode* node = mapping.find(key);
  if (!node || !is_string(*node)) return;
  if (std::find(allowed.begin(), allowed.end(), node->text) != allowed.end()) return;
  problems.add(*node, unknown_word(key, node->text, allowed));
}

void check_validation(const YamlNode& mapping, ProblemList& problems) {
  static const Names kLevels = {"off", "strict", "moderate"};
  static const Names kActions = {"error", "warn"};
  check_word(mapping, "validationLevel", kLevels, problems);
  check_word(mapping, "validationAction", kActions, problems);
}

void check_create_options(const YamlNode& options, ProblemList& problems) {
  static const Names kNames = names_of(kCreateOptions);
  if (const YamlEntry* concern = options.find_entry("writeConcern")) {
    problems.add(concern->key, "writeConcern is whimbrel's: it always waits for the majority");
  } else {
    refuse_unknown_keys(options, "options", kNames, problems);
  }
  check_option_types(options, kCreateOptions, problems);
  check_validation(options, problems);
  const YamlNode* capped = options.find("capped");
  bool is_capped = capped && capped->text == "true";
  if (is_capped && !options.find("size")) {
    problems.add(*capped, "a capped collection needs 'size', in bytes");
  }
  if (const YamlNode* pipeline = options.find("pipeline"); pipeline && !options.find("viewOn")) {
    problems.add(*pipeline, "'pipeline' belongs to a view: it needs 'viewOn'");
  }
  const YamlNode* series = options.find("timeseries");
  if (series && series->is_mapping() && !series->find("timeField")) {
    problems.add(*series, "'timeseries' needs 'timeField'");
  }
}

}  // namespace

const Names& coll_mod_options() {
  static const Names kNames = names_of(kCollModOptions);
  return kNames;
}

StepBody read_create_collection(const StepSource& source) {
  CreateCollectionStep step{source.collection(), {}};
  const YamlNode* options = source.find("options");
  if (!options) return step;
  if (options->is_mapping()) check_create_options(*options, source.problems);
  step.options = to_document(*options, "options", source.problems);
  return step;
}

StepBody read_drop_collection(const StepSource& source) {
  return DropCollectionStep{source.collection()};
}

StepBody read_rename_collection(const StepSource& source) {
  RenameCollectionStep step{source.collection(), ""};
  const YamlNode* to = source.require("to", "to: customers");
  if (!to) return step;
  step.to = read_collection(*to, "to", source.problems);
  if (!step.to.empty() && step.to == step.collection) {
    source.problems.add(*to, fmt::format("'{}' has that name already", step.to));
  }
  return step;
}

StepBody read_coll_mod(const StepSource& source) {
  CollModStep step{source.collection(), {}};
  check_option_types(source.mapping, kCollModOptions, source.problems);
  check_validation(source.mapping, source.problems);
  const Names& names = coll_mod_options();
  bool any = false;
  for (const YamlEntry& entry : source.mapping.entries) {
    if (std::find(names.begin(), names.end(), entry.key.text) == names.end()) continue;
    any = true;
    append_value(step.options, entry.key.text, entry.value, source.problems);
  }
  if (!any) {
    source.problems.add(source.named.key,
                        fmt::format("collMod needs at least one of {}", fmt::join(names, ", ")));
  }
  return step;
}

StepBody read_command(const StepSource& source) {
  CommandStep step;
  auto read = [&](const YamlNode& node, std::string_view what) {
    mongo::Document command = to_document(node, what, source.problems);
    if (node.is_mapping() && node.entries.empty()) {
      source.problems.add(node, fmt::format("{} must name a command", what));
    }
    return command;
  };
  step.command = read(source.named.value, "command");
  if (const YamlNode* reverse = source.find("reverse")) step.reverse = read(*reverse, "reverse");
  return step;
}

}  // namespace whimbrel::migration
