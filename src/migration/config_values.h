// The values of the effective configuration: environments merged, variables filled in when read.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "migration/problems.h"
#include "migration/yaml.h"

namespace whimbrel::migration {

/// The file's keys with those of the environment ("" for none) over them: mappings are merged,
/// other values replaced; an environment's `uri` replaces a `uriFile` and the other way round.
YamlNode merged_config(const YamlNode& root, const std::string& environment);

/// Reads by dotted path ("mongodb.uri"). Borrows all that it is given.
class ConfigValues {
 public:
  ConfigValues(const YamlNode& merged, std::string file, ProblemList& problems)
      : merged_(merged), file_(std::move(file)), problems_(problems) {}

  /// The scalar there with its variables filled in, or nullopt when there is none or a variable of
  /// it is not set (a problem then). With variables, unquoted: "${N:-2}" is the integer 2.
  std::optional<YamlNode> find(std::string_view path);
  /// Its text, whatever type the filled-in text looks like.
  std::string text(std::string_view path, const std::string& otherwise);
  /// The texts of a list, with their variables filled in; empty when there is none.
  std::vector<std::string> list(std::string_view path);
  /// "file:line:column" of the value, or the file when there is none.
  std::string place(std::string_view path) const;
  ProblemList& problems() { return problems_; }

 private:
  const YamlNode* at(std::string_view path) const;
  std::optional<YamlNode> filled_in(const YamlNode& node, std::string_view path);

  const YamlNode& merged_;
  std::string file_;
  ProblemList& problems_;
};

}  // namespace whimbrel::migration
