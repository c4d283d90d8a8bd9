#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "cli/commands.h"

namespace whimbrel {
namespace {

namespace fs = std::filesystem;

constexpr const char* kConfig =
    R"(# whimbrel.yaml: ${VAR} and ${VAR:-default} are taken from the environment
mongodb:
  uri: "${MONGO_URL:-mongodb://127.0.0.1:27017}"
  database: YOURDATABASENAME
migrationsDir: migrations
changelogCollection: changelog
lockCollection: changelog_lock

engine:
  workers: 1            # lanes; more are safe, ranges are disjoint
  batch: { docs: 1000, bytes: 8MiB, time: 100ms }
  maxErrors: 0          # documents that may go to quarantine: 10, or "0.1%"
  journal: on           # pre-images, for `whimbrel down`

environments:
  production:
    protected: true     # asks for the database name: --confirm NAME
)";

Error cannot_write(const std::string& path, const std::string& why) {
  return Error{ErrorKind::kCannotWrite, fmt::format("cannot write {}: {}", path, why),
               "check the directory"};
}

}  // namespace

Result<int> run_init(const Arguments& arguments) {
  if (arguments.module != "yaml") {
    return Error{
        ErrorKind::kUsage,
        fmt::format("init -m {}: this version writes YAML projects only", arguments.module),
        "whimbrel init -m yaml"};
  }
  fs::path directory =
      arguments.sources.directory.empty() ? fs::path(".") : fs::path(arguments.sources.directory);
  fs::path config = directory / "whimbrel.yaml", migrations = directory / "migrations";
  if (fs::exists(config)) {
    return Error{ErrorKind::kCannotWrite,
                 fmt::format("config file already exists: {}", config.string()), "whimbrel status"};
  }
  if (fs::exists(migrations) && !fs::is_directory(migrations)) {
    return Error{ErrorKind::kCannotWrite, fmt::format("{} is not a directory", migrations.string()),
                 "move it away"};
  }
  std::error_code problem;
  fs::create_directories(migrations, problem);
  if (problem) return cannot_write(migrations, problem.message());
  std::ofstream file(config);
  file << kConfig;
  if (!file.flush()) return cannot_write(config, "the write failed");
  fmt::print("Created: {}\nCreated: {}\n", config.lexically_normal().string(),
             migrations.lexically_normal().string() + "/");
  fmt::print(stderr,
             "Next: set mongodb.uri and database in {}, then: whimbrel create \"what it does\"\n",
             config.lexically_normal().string());
  return 0;
}

}  // namespace whimbrel
