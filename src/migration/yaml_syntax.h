// What a syntax error of libyaml means to the author of the file, and what is allowed instead.
#pragma once

#include <string_view>

#include "migration/problems.h"
#include "migration/source_text.h"
#include "migration/tree_builder.h"

namespace whimbrel::migration {

/// Why libyaml could not go on, in its own words.
struct SyntaxError {
  struct Mark {
    Place place;
    size_t index = 0;  ///< in characters
  };
  std::string_view problem;
  Mark at;
  std::string_view context;  ///< what it was reading, or empty
  Mark context_at;
};

/// Adds one problem. `source` is what the author wrote, `builder` what was read of it so far.
void report_syntax(const SyntaxError& error, std::string_view source, const TreeBuilder& builder,
                   ProblemList& problems);

}  // namespace whimbrel::migration
