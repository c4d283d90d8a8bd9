#include "flow/project.h"

#include <fmt/format.h>

#include <filesystem>

namespace whimbrel {

namespace {

Result<mongo::Client> connect(const Config& config) {
  auto client = mongo::Client::connect({.uri = config.uri});
  if (client) return client;
  return std::move(client).error().or_hint(
      "is the server running and the address right? set mongodb.uri in whimbrel.yaml, WHIMBREL_URI "
      "or --uri");
}

}  // namespace

std::string project_directory(const ConfigSources& sources) {
  std::error_code ignored;
  std::filesystem::path directory = sources.directory.empty()
                                        ? std::filesystem::current_path(ignored)
                                        : std::filesystem::absolute(sources.directory, ignored);
  return directory.lexically_normal();
}

Result<Config> read_project_config(const ConfigSources& sources, Scripts& scripts) {
  return load_config(sources, [&](const std::string& path, const NodeConfig& node) {
    return scripts.read_config(path, node);
  });
}

Result<Project> open_project(const ConfigSources& sources, Scripts::Output output) {
  auto scripts = std::make_unique<Scripts>(project_directory(sources), output);
  Config config = TRY(read_project_config(sources, *scripts));
  mongo::Client client = TRY(connect(config));
  std::string database = config.database.empty() ? client.default_database() : config.database;
  // The Node driver's own default.
  if (database.empty() && !config.script_file.empty()) database = "test";
  if (database.empty()) {
    return Error{ErrorKind::kBadConfig,
                 fmt::format("{} names no database, and neither does the connection string",
                             config.file.empty() ? "the configuration" : config.file),
                 "add `mongodb: { database: NAME }`, or give -d NAME"};
  }
  scripts->use(config, database);
  return Project{std::move(config), std::move(client), std::move(database), std::move(scripts)};
}

Result<Lock> acquire_lock(Project& project, const std::string& command,
                          std::chrono::milliseconds wait, Reporter& reporter, Stop& stop) {
  // Shorter than the lock's lease: a holder that comes to no answer for longer has lost it.
  constexpr std::chrono::seconds kPatience{20};
  project.client.ride_out(
      kPatience,
      {kRunsCollection, kRangesCollection, kJournalCollection, kErrorsCollection, kAuditCollection,
       project.config.changelog_collection, project.config.lock_collection});
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
