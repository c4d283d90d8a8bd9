#include "flow/project.h"

#include <fmt/format.h>

namespace whimbrel {

Result<Project> open_project(Config config) {
  auto client = mongo::Client::connect({.uri = config.uri});
  if (!client) {
    return std::move(client).error().or_hint(
        "is the server running and the address right? set mongodb.uri in whimbrel.yaml, "
        "WHIMBREL_URI "
        "or --uri");
  }
  std::string database = config.database.empty() ? client->default_database() : config.database;
  if (database.empty()) {
    return Error{ErrorKind::kBadConfig,
                 fmt::format("{} names no database, and neither does the connection string",
                             config.file.empty() ? "the configuration" : config.file),
                 "add `mongodb: { database: NAME }`, or give -d NAME"};
  }
  return Project{std::move(config), std::move(*client), std::move(database)};
}

Result<Lock> acquire_lock(Project& project, const std::string& command,
                          std::chrono::milliseconds wait, Reporter& reporter, Stop& stop) {
  Lock::Request request{project.lock_place(), command, wait, [&](const LockHolder& holder) {
                          reporter.say("info", "waiting for the lock, held by " + holder.text());
                        }};
  return Lock::acquire(project.client, request, stop);
}

Status require_confirmation(const Config& config, const std::string& database,
                            const std::string& confirmed) {
  if (!config.is_protected || confirmed == database) return {};
  std::string environment = config.environment.empty() ? "this" : "'" + config.environment + "'";
  std::string wrong = confirmed.empty() ? "" : fmt::format(", not '{}'", confirmed);
  return Error{
      ErrorKind::kUsage,
      fmt::format("the {} environment is protected: the name of its database, '{}', must be "
                  "confirmed{}",
                  environment, database, wrong),
      "add --confirm " + database};
}

}  // namespace whimbrel
