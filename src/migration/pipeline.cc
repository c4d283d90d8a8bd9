#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "migration/core_schema.h"
#include "migration/fields.h"
#include "migration/update_spec.h"
#include "migration/values.h"

namespace whimbrel::migration {
namespace {

const Names kStages = {"$set", "$addFields", "$unset", "$project", "$replaceRoot", "$replaceWith"};

bool is_field_path(const YamlNode& node) {
  return is_string(node) && !node.text.empty() && !node.text.starts_with('$');
}

void check_unset(const YamlNode& value, ProblemList& problems) {
  if (value.is_sequence() && !value.items.empty()) {
    for (const YamlNode& item : value.items) {
      if (!is_field_path(item)) {
        refuse_value(item, "an item of $unset", "a field name without '$'", problems);
      }
    }
  } else if (!is_field_path(value)) {
    refuse_value(value, "$unset in a pipeline", "a field name or a list of field names", problems);
  }
}

void check_fields(const YamlEntry& stage, bool may_set_id, ProblemList& problems) {
  if (!stage.value.is_mapping() || stage.value.entries.empty()) {
    refuse_value(stage.value, stage.key.text, "a mapping of fields", problems);
    return;
  }
  for (const YamlEntry& field : stage.value.entries) {
    const std::string& name = field.key.text;
    if (name.empty() || name.starts_with('$')) {
      problems.add(field.key, fmt::format("{} needs field names here, and '{}' is none",
                                          stage.key.text, name));
    }
    bool is_id = name == "_id" || name.starts_with("_id.");
    if (is_id && !may_set_id && stage.key.text != "$project") {
      problems.add(field.key, "the _id of a document cannot be changed by an update; use a copy");
    }
  }
}

void check_stage(const YamlEntry& stage, bool may_set_id, ProblemList& problems) {
  const std::string& name = stage.key.text;
  if (std::find(kStages.begin(), kStages.end(), name) == kStages.end()) {
    problems.add(stage.key,
                 fmt::format("the stage '{}' is unknown or does not work on one document at a "
                             "time{}; allowed: {}",
                             name, did_you_mean(name, kStages), join(kStages, ", ")));
  } else if (name == "$unset") {
    check_unset(stage.value, problems);
  } else if (name == "$replaceRoot") {
    bool valid = stage.value.entries.size() == 1 && stage.value.find("newRoot");
    if (!valid) refuse_value(stage.value, name, "{ newRoot: EXPRESSION }", problems);
  } else if (name != "$replaceWith") {
    check_fields(stage, may_set_id, problems);
  }
}

}  // namespace

mongo::Document read_pipeline(const YamlNode& node, bool may_set_id, ProblemList& problems) {
  if (!node.is_sequence() || node.items.empty()) {
    refuse_value(node, "a pipeline", "a list of stages such as $set", problems);
    return {};
  }
  for (const YamlNode& stage : node.items) {
    if (!stage.is_mapping() || stage.entries.size() != 1) {
      problems.add(stage, "a stage must be a mapping with exactly one key such as $set");
      continue;
    }
    check_stage(stage.entries[0], may_set_id, problems);
  }
  return to_array(node, "with", problems);
}

}  // namespace whimbrel::migration
