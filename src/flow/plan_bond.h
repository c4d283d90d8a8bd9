// What a plan that was written to a file holds for: `up --plan` does that, or nothing.
#pragma once

#include <string>
#include <vector>

#include "flow/up.h"

namespace whimbrel {

/// Database, environment and server; options of the command line and of the configuration's engine;
/// files with their hashes, and the open runs they go on with. `{server, database, environment,
/// given, engine, migrations}`.
mongo::Document plan_bond(const Project& project, const Selection& selection,
                          const EngineOverrides& overrides, const std::vector<Todo>& todo);

/// A plan file's bond, with the options that were given to `plan`.
struct SavedPlan {
  mongo::Document bond;
  Selection selection;
  EngineOverrides overrides;
};
/// kNotFound, kBadMigration: the file is none that `plan --out` wrote.
Result<SavedPlan> read_saved_plan(const std::string& path);

/// kFailed when `now` is another one, with everything that changed.
Status check_bond(mongo::View planned, mongo::View now);

}  // namespace whimbrel
