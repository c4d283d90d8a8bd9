// What the text of a scalar means by the YAML 1.2 core schema.
#pragma once

#include <cstdint>
#include <string>

#include "migration/yaml.h"

namespace whimbrel::migration {

/// A scalar's meaning. `no`, `off` and `yes` are strings; 0777 is 777 and 0o777 is 511.
struct CoreValue {
  enum class Type {
    kNull,
    kBool,
    kInt,
    kFloat,
    kString,    ///< the node's text
    kBinary,    ///< tagged !!binary: the node's text is base64
    kTooBig,    ///< an integer beyond int64, or a float beyond double
    kMismatch,  ///< the text is not what the explicit tag says
  };
  Type type = Type::kString;
  bool boolean = false;
  int64_t integer = 0;
  double number = 0;
};

/// Resolves a kNull or kScalar node.
CoreValue resolve(const YamlNode& node);

/// What the node is, for messages: "a list", "the number 5", "the text 'x'", "nothing".
std::string describe(const YamlNode& node);

}  // namespace whimbrel::migration
