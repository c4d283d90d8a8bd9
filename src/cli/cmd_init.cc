#include <fmt/format.h>

#include <filesystem>

#include "cli/commands.h"
#include "flow/new_file.h"
#include "flow/templates.h"

namespace whimbrel {
namespace {

namespace fs = std::filesystem;

/// The configuration that `-m` asks for.
struct NewConfig {
  std::string file;
  std::string content;
  std::string next;  ///< what is to be done with it
};

Result<NewConfig> choose(const std::string& module) {
  constexpr const char* kNext = "set mongodb.url and databaseName in {}, npm install mongodb";
  std::string js = "migrate-mongo-config.js", ts = "migrate-mongo-config.ts";
  if (module == "commonjs") {
    return NewConfig{js, script_config(ModuleSystem::kCommonJs, false), kNext};
  }
  if (module == "esm") {
    return NewConfig{js, script_config(ModuleSystem::kEsm, false),
                     std::string(kNext) + ", and put \"type\": \"module\" into package.json"};
  }
  if (module == "ts") {
    return NewConfig{ts, script_config(ModuleSystem::kEsm, true),
                     std::string(kNext) + " and tsx (Node 22.18 and later need no tsx)"};
  }
  if (module == "yaml") {
    return NewConfig{"whimbrel.yaml", yaml_config(), "set mongodb.uri and database in {}"};
  }
  return Error{ErrorKind::kUsage,
               fmt::format("init -m {}: it is none of commonjs, esm, ts, yaml", module),
               "whimbrel init -m commonjs"};
}

Status make_migrations_directory(const fs::path& path) {
  if (fs::exists(path) && !fs::is_directory(path)) {
    return Error{ErrorKind::kCannotWrite, fmt::format("{} is not a directory", path.string()),
                 "move it away"};
  }
  std::error_code problem;
  fs::create_directories(path, problem);
  if (!problem) return {};
  return Error{ErrorKind::kCannotWrite,
               fmt::format("cannot write {}: {}", path.string(), problem.message()),
               "check the directory"};
}

}  // namespace

Result<int> run_init(const Arguments& arguments) {
  NewConfig chosen = TRY(choose(arguments.module));
  fs::path directory =
      arguments.sources.directory.empty() ? fs::path(".") : fs::path(arguments.sources.directory);
  fs::path config = (directory / chosen.file).lexically_normal();
  fs::path migrations = (directory / "migrations").lexically_normal();
  if (fs::exists(config)) {
    return Error{ErrorKind::kCannotWrite,
                 fmt::format("config file already exists: {}", config.string()), "whimbrel status"};
  }
  TRY(make_migrations_directory(migrations));
  TRY(write_new_file(config, chosen.content));
  fmt::print("Created: {}\nCreated: {}/\n", config.string(), migrations.string());
  fmt::print(stderr, "Next: {}, then: whimbrel create \"what it does\"\n",
             fmt::format(fmt::runtime(chosen.next), config.string()));
  return 0;
}

}  // namespace whimbrel
