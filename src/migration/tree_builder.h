// Builds the tree of a file from what its YAML reader finds, strictly; knows no YAML library.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "migration/problems.h"
#include "migration/source_text.h"
#include "migration/yaml.h"

namespace whimbrel::migration {

/// What stands before a value. Both are empty when there is none; a tag is written out
/// ("tag:yaml.org,2002:str"), and "!" is the tag that only says "no plain text".
struct YamlProperties {
  std::string_view anchor;
  std::string_view tag;
};

struct FoundScalar {
  Place at;
  YamlProperties properties;
  std::string text;
  bool plain = false;    ///< neither quoted nor a block scalar
  bool missing = false;  ///< nothing is written there, not even a property
};

struct FoundCollection {
  Place at;
  YamlProperties properties;
  YamlNode::Kind kind = YamlNode::Kind::kMapping;
  bool flow = false;       ///< inside brackets
  bool bracketed = false;  ///< starts with a bracket; the mapping in `[a: 1]` does not
};

/// One per file. The functions that return bool return false when reading has to stop; the problem
/// is in the list then.
class TreeBuilder {
 public:
  explicit TreeBuilder(ProblemList& problems) : problems_(problems) {}

  bool start_document(Place at);
  bool scalar(FoundScalar found);
  bool alias(Place at, std::string_view anchor);
  bool open(const FoundCollection& found);
  bool close();

  bool in_document() const { return documents_ > 0; }
  /// True inside brackets.
  bool in_flow() const { return !open_.empty() && open_.back().flow; }
  /// Adds a problem at the innermost open bracket; false when none is open.
  bool report_open_bracket(ProblemList& problems) const;
  /// The whole tree.
  YamlNode take() { return std::move(root_); }

 private:
  struct Open {
    YamlNode node;
    std::string anchor;
    bool flow = false;
    bool bracketed = false;
    bool has_key = false;
    YamlNode key = {};
  };
  struct Anchored {
    YamlNode node;
    size_t count = 0;  ///< nodes in it; 0 while it is open
  };

  bool count_node(Place at);
  bool stop(Place at, std::string message) const;
  bool refuse_tag(Place at, std::string_view tag) const;
  void place_missing(YamlNode& node);
  void report_missing();
  bool complete(YamlNode node, std::string_view anchor);
  bool check_key(const YamlNode& key) const;

  ProblemList& problems_;
  /// The last value, when it was missing in brackets. A syntax error right behind it explains it
  /// better, so it is only reported once reading has gone on.
  std::optional<YamlNode> key_without_value_;
  int documents_ = 0;
  size_t nodes_ = 0;
  size_t aliased_nodes_ = 0;
  std::vector<Open> open_;
  std::map<std::string, Anchored, std::less<>> anchored_;
  YamlNode root_;
};

}  // namespace whimbrel::migration
