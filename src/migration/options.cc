#include "migration/options.h"

#include "migration/core_schema.h"
#include "migration/extended_json.h"

namespace whimbrel::migration {
namespace {

bool is_any_number(const YamlNode& node) {
  const YamlEntry* entry = extended_json_entry(node);
  return entry ? entry->key.text.starts_with("$number") : is_number(node);
}

bool is_plain_mapping(const YamlNode& node) {
  return node.is_mapping() && !extended_json_entry(node);
}

void check_type(const YamlNode& node, const Option& option, ProblemList& problems) {
  auto demand = [&](bool valid, std::string_view allowed) {
    if (!valid) refuse_value(node, option.name, allowed, problems);
  };
  switch (option.type) {
    case OptionType::kAny:
      return;
    case OptionType::kBool:
      read_bool(node, option.name, problems);
      return;
    case OptionType::kText:
      read_text(node, option.name, problems);
      return;
    case OptionType::kNumber:
      demand(is_any_number(node), "a number");
      return;
    case OptionType::kMapping:
      demand(is_plain_mapping(node), "a mapping");
      return;
    case OptionType::kList:
      demand(node.is_sequence(), "a list");
      return;
    case OptionType::kNumberOrOff:
      demand(is_any_number(node) || (is_string(node) && node.text == "off"), "a number or off");
      return;
  }
}

}  // namespace

Names names_of(std::span<const Option> options) {
  Names names;
  for (const Option& option : options) names.push_back(option.name);
  return names;
}

void check_option_types(const YamlNode& mapping, std::span<const Option> options,
                        ProblemList& problems) {
  for (const Option& option : options) {
    if (const YamlNode* value = mapping.find(option.name)) check_type(*value, option, problems);
  }
}

}  // namespace whimbrel::migration
