// The comments of a YAML file, which libyaml itself passes over.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace whimbrel::migration {

struct Comment {
  std::string text;    ///< behind the '#'
  int line = 0;        ///< 1-based
  bool top = false;    ///< stands before everything else in the file
  bool alone = false;  ///< nothing stands before it on its line
};

/// Every comment, by place: a '#' between two tokens, so none inside quotes or block scalars. One
/// behind the sign of a block scalar (`text: |  # so`) is not found. Of a file that is no YAML,
/// those before the place where that shows.
std::vector<Comment> yaml_comments(std::string_view source);

}  // namespace whimbrel::migration
