#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/text.h"
#include "cli/commands.h"
#include "flow/new_file.h"
#include "flow/templates.h"

namespace whimbrel {
namespace {

namespace fs = std::filesystem;
using Language = TemplateKind::Language;

/// What the new file is, and how its name ends.
struct NewMigration {
  TemplateKind kind;
  std::string extension;
};

Error usage(std::string message, std::string hint) {
  return Error{ErrorKind::kUsage, std::move(message), std::move(hint)};
}

bool is_typescript(const std::string& extension) {
  return extension == ".ts" || extension == ".mts" || extension == ".cts";
}

/// `"type": "module"` in package.json makes every .js file an ES module.
bool package_is_esm(const std::string& directory) {
  std::ifstream file(fs::path(directory) / "package.json");
  auto json = nlohmann::json::parse(file, nullptr, false);
  return json.is_object() && json.value("type", nlohmann::json()) == "module";
}

ModuleSystem modules_of(const Config& config, const std::string& extension) {
  if (extension == ".mjs" || extension == ".mts") return ModuleSystem::kEsm;
  if (extension == ".cjs" || extension == ".cts") return ModuleSystem::kCommonJs;
  bool esm =
      config.script_file.empty() ? package_is_esm(config.directory) : config.module_system == "esm";
  return esm ? ModuleSystem::kEsm : ModuleSystem::kCommonJs;
}

/// `--kind`, or what the project's other migrations are.
Result<NewMigration> choose(const Arguments& arguments, const Config& config) {
  const std::string& own = config.migration_extension;  // "" in projects of whimbrel.yaml alone
  std::string kind = arguments.kind;
  if (kind.empty()) kind = own.empty() ? "yaml" : is_typescript(own) ? "ts" : "js";
  NewMigration chosen;
  chosen.kind.document = arguments.document;
  if (kind == "yaml") {
    chosen.extension = ".yaml";
    return chosen;
  }
  if (kind != "js" && kind != "ts") {
    return usage(fmt::format("create --kind {}: it is none of js, ts, yaml", kind),
                 "whimbrel create --kind js DESCRIPTION");
  }
  chosen.kind.language = kind == "ts" ? Language::kTypeScript : Language::kJavaScript;
  chosen.extension = own.empty() ? "." + kind : own;
  chosen.kind.modules = modules_of(config, chosen.extension);
  if (own.empty() || is_typescript(own) == (kind == "ts")) return chosen;
  return usage(fmt::format("create --kind {}: the migrations of this project end in {} "
                           "(migrationFileExtension); another file would not be seen",
                           kind, own),
               fmt::format("whimbrel create --kind {} DESCRIPTION", kind == "ts" ? "js" : "ts"));
}

/// The project's own template goes before ours.
Result<std::string> content_of(const NewMigration& chosen, const Config& config,
                               const std::string& description) {
  fs::path sample = fs::path(config.migrations_directory) / ("sample-migration" + chosen.extension);
  if (chosen.kind.document || !fs::is_regular_file(sample)) {
    return new_migration(chosen.kind, description);
  }
  std::ifstream file(sample, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  if (file) return content.str();
  return Error{ErrorKind::kNotFound, "cannot read " + sample.string(), "check its permissions"};
}

Result<std::string> description_of(const Arguments& arguments) {
  std::string description = join(arguments.words, " ");
  constexpr const char* kExample = "whimbrel create \"add email index\"";
  if (trim(description).empty()) return usage("create: a description is missing", kExample);
  if (description.find('/') == std::string::npos) return description;
  return usage(
      fmt::format("create: '{}' has a '/'; a description becomes a file name", description),
      kExample);
}

}  // namespace

Result<int> run_create(const Arguments& arguments) {
  std::string description = TRY(description_of(arguments));
  Scripts scripts(arguments.sources.directory.empty() ? "." : arguments.sources.directory,
                  Scripts::Output::kCaptured);
  Config config = TRY(read_project_config(arguments.sources, scripts));
  NewMigration chosen = TRY(choose(arguments, config));
  if (!fs::is_directory(config.migrations_directory)) {
    return Error{
        ErrorKind::kNotFound,
        fmt::format("migrations directory does not exist: {}", config.migrations_directory),
        "mkdir " + config.migrations_directory};
  }
  std::string content = TRY(content_of(chosen, config, description));
  fs::path path =
      fs::path(config.migrations_directory) / new_migration_name(description, chosen.extension);
  TRY(write_new_file(path, content));
  fs::path shown = path.lexically_proximate(fs::absolute(config.directory));
  fmt::print("Created: {}\n", shown.string());
  return 0;
}

}  // namespace whimbrel
