// `resolve`: a person says what is true of a migration. The changelog and the run are made to say
// so; no document of the user's is touched.
#pragma once

#include "flow/apply.h"

namespace whimbrel {

enum class Resolution {
  kApplied,       ///< somebody did its work by hand
  kPending,       ///< it is to be applied afresh, whatever was done of it
  kAcceptChange,  ///< its file was changed on purpose
};
std::string_view to_text(Resolution resolution);

struct ResolveOptions {
  std::string name;
  Resolution resolution = Resolution::kApplied;
  std::chrono::milliseconds lock_wait{0};
};

struct Resolved {
  std::string file;
  bool changed = false;            ///< false: it was so already, and nothing was written
  std::vector<std::string> lines;  ///< what is true now, for people
};

/// Takes the lock only when there is something to write. Errors: a name that is nobody's, an open
/// `down`, a changed file that its run cannot go on with.
Result<Resolved> resolve(Project& project, const ResolveOptions& options, Reporter& reporter,
                         Stop& stop);

}  // namespace whimbrel
