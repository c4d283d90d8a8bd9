// flow: what a command does, as a short list of named steps.
//
// A project is a configuration with a connection: what every command but init and create starts
// from.
#pragma once

#include <memory>
#include <string>

#include "flow/scripts.h"
#include "migration/config.h"
#include "mongo/client.h"
#include "observe/reporter.h"
#include "state/lock.h"

namespace whimbrel {

struct Project {
  Config config;
  mongo::Client client;
  std::string database;
  std::unique_ptr<Scripts> scripts;  ///< never null

  LockPlace lock_place() const {
    return {database, config.lock_collection, config.lock_ttl_seconds,
            config.ignores_foreign_locks ? ForeignLocks::kIgnored : ForeignLocks::kRespected};
  }
};

/// Where the project is: absolute.
std::string project_directory(const ConfigSources& sources);

/// The configuration alone: a JavaScript one is evaluated by `scripts`.
Result<Config> read_project_config(const ConfigSources& sources, Scripts& scripts);

/// Reads the configuration and connects. kBadConfig when neither the configuration nor the
/// connection string names a database.
Result<Project> open_project(const ConfigSources& sources,
                             Scripts::Output output = Scripts::Output::kCaptured);

/// The lock for a command that changes something; says on `reporter` whom it waits for.
Result<Lock> acquire_lock(Project& project, const std::string& command,
                          std::chrono::milliseconds wait, Reporter& reporter, Stop& stop);

/// A protected environment wants its database's name; `confirmed` is what --confirm gave, or what a
/// person typed. kUsage says what to type.
Status require_confirmation(const Config& config, const std::string& database,
                            const std::string& confirmed);

}  // namespace whimbrel
