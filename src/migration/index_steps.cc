#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "migration/core_schema.h"
#include "migration/options.h"
#include "migration/steps.h"
#include "migration/values.h"

namespace whimbrel::migration {
namespace {

const std::vector<Option> kIndexOptions = {
    {"key", OptionType::kMapping},
    {"name", OptionType::kText},
    {"unique", OptionType::kBool},
    {"sparse", OptionType::kBool},
    {"hidden", OptionType::kBool},
    {"background", OptionType::kBool},
    {"prepareUnique", OptionType::kBool},
    {"expireAfterSeconds", OptionType::kNumber},
    {"partialFilterExpression", OptionType::kMapping},
    {"collation", OptionType::kMapping},
    {"wildcardProjection", OptionType::kMapping},
    {"columnstoreProjection", OptionType::kMapping},
    {"storageEngine", OptionType::kMapping},
    {"weights", OptionType::kMapping},
    {"default_language", OptionType::kText},
    {"language_override", OptionType::kText},
    {"textIndexVersion", OptionType::kNumber},
    {"2dsphereIndexVersion", OptionType::kNumber},
    {"bits", OptionType::kNumber},
    {"min", OptionType::kNumber},
    {"max", OptionType::kNumber},
    {"v", OptionType::kNumber},
};
const Names kIndexKeys = names_of(kIndexOptions);
const Names kIndexTypes = {"text", "hashed", "2d", "2dsphere", "columnstore"};

/// What the server writes behind the field in an index's default name.
std::string direction_text(const mongo::Value& direction) {
  if (!direction.is_number()) return std::string(direction.as_string());
  double number = direction.as_double();
  bool whole = number == std::floor(number) && std::abs(number) < 1e15;
  return whole ? fmt::format("{}", direction.as_int()) : fmt::format("{}", number);
}

std::string default_name(mongo::View key) {
  std::string name;
  for (const mongo::Value& field : key.elements()) {
    if (!name.empty()) name += '_';
    name += fmt::format("{}_{}", field.key(), direction_text(field));
  }
  return name;
}

/// False after a problem.
bool check_index_field(const YamlEntry& field, const mongo::Value& direction,
                       ProblemList& problems) {
  if (direction.is_number()) {
    double number = direction.as_double();
    if (number != 0 && std::isfinite(number)) return true;
  } else if (direction.type() == mongo::Type::kString) {
    std::string type(direction.as_string());
    if (std::find(kIndexTypes.begin(), kIndexTypes.end(), type) != kIndexTypes.end()) return true;
    problems.add(field.value, unknown_word("kind of index", type, kIndexTypes));
    return false;
  }
  refuse_value(field.value, fmt::format("the direction of '{}'", field.key.text),
               fmt::format("1, -1 or one of {}", fmt::join(kIndexTypes, ", ")), problems);
  return false;
}

/// The index's key as the server takes it; empty after a problem.
mongo::Document read_key(const YamlNode& node, ProblemList& problems) {
  size_t before = problems.size();
  mongo::Document key = to_document(node, "the key of an index", problems);
  if (problems.size() != before) return {};
  if (key.view().empty()) problems.add(node, "the key of an index needs at least one field");
  size_t position = 0;
  for (const mongo::Value& direction : key.view().elements()) {
    const YamlEntry& field = node.entries[position++];
    if (field.key.text.empty()) problems.add(field.key, "an indexed field needs a name");
    check_index_field(field, direction, problems);
  }
  return problems.size() == before ? std::move(key) : mongo::Document();
}

/// What the server would say about options that do not go together.
void check_combinations(const YamlNode& node, const mongo::Document& key, ProblemList& problems) {
  if (const YamlNode* seconds = node.find("expireAfterSeconds")) {
    if (key.view().count() > 1) {
      problems.add(*seconds, "only an index on a single field can expire documents");
    }
  }
  if (const YamlNode* partial = node.find("partialFilterExpression");
      partial && node.find("sparse")) {
    problems.add(*partial, "an index cannot be both partial and sparse");
  }
}

mongo::Document read_index(const YamlNode& node, ProblemList& problems) {
  if (!node.is_mapping()) {
    refuse_value(node, "an index", "a mapping such as { key: { email: 1 }, unique: true }",
                 problems);
    return {};
  }
  refuse_unknown_keys(node, "an index", kIndexKeys, problems);
  check_option_types(node, kIndexOptions, problems);
  const YamlNode* key_node = node.find("key");
  if (!key_node) {
    problems.add(node, "an index needs 'key', for example { key: { email: 1 } }");
    return {};
  }
  if (!key_node->is_mapping()) return {};
  mongo::Document key = read_key(*key_node, problems);
  check_combinations(node, key, problems);
  const YamlNode* name = node.find("name");
  mongo::Document index;
  index.append("key", key).append("name", name ? name->text : default_name(key));
  for (const YamlEntry& entry : node.entries) {
    if (entry.key.text == "key" || entry.key.text == "name") continue;
    append_value(index, entry.key.text, entry.value, problems);
  }
  return index;
}

/// The name of one item of `dropIndexes`' list.
std::string read_dropped(const YamlNode& item, ProblemList& problems) {
  size_t before = problems.size();
  if (item.is_mapping()) {
    mongo::Document key = read_key(item, problems);
    std::string name = problems.size() == before ? default_name(key) : "";
    if (name == "_id_1") problems.add(item, "the index on _id cannot be dropped");
    return name;
  }
  std::string name = read_text(item, "an index to drop", problems);
  if (name == "*") problems.add(item, "'*' means all indexes and stands alone: indexes: \"*\"");
  if (name == "_id_") problems.add(item, "the index on _id cannot be dropped");
  return name;
}

}  // namespace

StepBody read_create_indexes(const StepSource& source) {
  CreateIndexesStep step{source.collection(), {}};
  const YamlNode* indexes = source.require("indexes", "indexes: [ { key: { email: 1 } } ]");
  if (!indexes) return step;
  if (!indexes->is_sequence() || indexes->items.empty()) {
    refuse_value(*indexes, "indexes", "a list of at least one index", source.problems);
    return step;
  }
  std::set<std::string> names;
  for (const YamlNode& item : indexes->items) {
    mongo::Document index = read_index(item, source.problems);
    std::string name = index.view().get_string("name");
    if (!name.empty() && !names.insert(name).second) {
      source.problems.add(item, fmt::format("another index of this step is named '{}'", name));
    }
    step.indexes.push_back(std::move(index));
  }
  return step;
}

StepBody read_drop_indexes(const StepSource& source) {
  DropIndexesStep step{source.collection(), {}};
  const YamlNode* indexes = source.require("indexes", "indexes: [email_1]");
  if (!indexes) return step;
  if (indexes->is_scalar() && indexes->text == "*") {
    step.names = {"*"};
  } else if (!indexes->is_sequence() || indexes->items.empty()) {
    refuse_value(*indexes, "indexes", "a list of names or keys, or \"*\" for all", source.problems);
  } else {
    for (const YamlNode& item : indexes->items) {
      step.names.push_back(read_dropped(item, source.problems));
    }
  }
  return step;
}

}  // namespace whimbrel::migration
