// What a resolution would write, decided from what is there.
#pragma once

#include "flow/resolve.h"

namespace whimbrel {

struct Decision {
  std::string file;
  std::string hash;  ///< of the file
  std::vector<std::string> lines;

  std::optional<ChangelogEntry> new_entry;
  bool removes_entry = false;
  std::string entry_hash;  ///< that the changelog entry gets; "" when it stays
  std::optional<Run> run;  ///< as it is to be
  bool gives_up_quarantine = false;

  bool writes() const { return new_entry || removes_entry || run || !entry_hash.empty(); }
};

/// Writes nothing.
Result<Decision> decide(Project& project, const ResolveOptions& options);

}  // namespace whimbrel
