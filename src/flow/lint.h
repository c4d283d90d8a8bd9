// `lint`: what is likely to go wrong with migrations, told from their text before they run.
#pragma once

#include <string>
#include <vector>

#include "base/stop.h"
#include "flow/lint_file.h"
#include "migration/config.h"

namespace whimbrel {

struct LintReport {
  std::vector<Finding> findings;   ///< by file and place; suppressed ones, too
  std::vector<std::string> notes;  ///< rules that could not be asked, files that could not be read
  size_t files = 0;

  size_t count(Severity severity) const;  ///< without suppressed ones
  size_t suppressed() const;
};

/// Looks at the migrations called `names`, or at paths of those, applied or not; without names at
/// those that `up` would run. Scripts are parsed by the user's Node, and nothing of them is run;
/// the database is only read. A server that cannot be reached is a note when there are `names`, and
/// kUnreachable when there are none. kBadMigration when a YAML or JSON file does not load, with all
/// its problems.
Result<LintReport> lint(const ConfigSources& sources, const std::vector<std::string>& names,
                        const Stop& stop);

}  // namespace whimbrel
