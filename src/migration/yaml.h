// YAML text as a tree of our own, strictly; only yaml.cc, yaml_syntax.cc and comments.cc know libyaml.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "migration/problems.h"

namespace whimbrel::migration {

/// An explicit tag of a scalar: `!!str`, `!!int`, …; kNone when there was none.
enum class YamlTag : uint8_t { kNone, kStr, kInt, kFloat, kBool, kNull, kBinary };

struct YamlEntry;

/// One value of a file with its place. Plain scalars keep their text: core_schema.h says what it
/// means. Aliases are already replaced by what they stand for, at the place of the alias.
struct YamlNode {
  enum class Kind : uint8_t {
    kNull,  ///< `null`, `Null`, `NULL`, `~` or nothing, neither quoted nor tagged
    kScalar,
    kSequence,
    kMapping,
  };
  Kind kind = Kind::kNull;
  bool quoted = false;  ///< kScalar: in quotes, or a block scalar: always a string
  YamlTag tag = YamlTag::kNone;
  int line = 0;                    ///< 1-based
  int column = 0;                  ///< 1-based, in characters
  std::string text;                ///< kScalar
  std::vector<YamlNode> items;     ///< kSequence
  std::vector<YamlEntry> entries;  ///< kMapping, in the file's order; keys are scalars

  bool is_scalar() const { return kind == Kind::kScalar; }
  bool is_sequence() const { return kind == Kind::kSequence; }
  bool is_mapping() const { return kind == Kind::kMapping; }
  bool is_null() const { return kind == Kind::kNull; }

  /// The value of that key, or nullptr; also nullptr when this is not a mapping. The pointer is
  /// valid while the tree is unchanged.
  const YamlNode* find(std::string_view key) const;
  const YamlEntry* find_entry(std::string_view key) const;
};

struct YamlEntry {
  YamlNode key;
  YamlNode value;
};

constexpr int kMaxDepth = 100;                ///< levels of nesting in a file
constexpr size_t kMaxNodes = 1'000'000;       ///< keys and values of a file: about 130 MB of tree
constexpr size_t kMaxAliasedNodes = 100'000;  ///< nodes that all aliases of a file expand to

/// Parses one YAML document. Problems: syntax, repeated keys, a second document, keys that are not
/// scalars or are empty, merge keys, unknown tags, more than kMaxNodes, nesting beyond kMaxDepth,
/// aliases that contain themselves or expand beyond kMaxAliasedNodes, text that is not UTF-8,
/// control characters. Empty text gives a kNull node. Returns nullopt only when there is at least
/// one problem.
std::optional<YamlNode> parse_yaml(std::string_view source, ProblemList& problems);

/// Adds a problem for each key of the mapping that an earlier entry already has.
void report_repeated_keys(const YamlNode& mapping, ProblemList& problems);

}  // namespace whimbrel::migration
