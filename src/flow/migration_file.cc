#include "flow/migration_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "base/compress.h"
#include "base/text.h"
#include "migration/load.h"
#include "migration/source_text.h"

namespace whimbrel {
namespace {

namespace fs = std::filesystem;

constexpr const char* kTemplate = "sample-migration";

const std::map<std::string, std::string>& kinds() {
  static const std::map<std::string, std::string> table = {
      {".yaml", "yaml"}, {".yml", "yaml"}, {".json", "yaml"}, {".js", "js"},  {".cjs", "js"},
      {".mjs", "js"},    {".ts", "ts"},    {".mts", "ts"},    {".cts", "ts"}, {".cpp", "cpp"}};
  return table;
}

std::string kind_of_extension(const std::string& extension) {
  auto kind = kinds().find(extension);
  return kind == kinds().end() ? "" : kind->second;
}

bool starts_with_digit(const std::string& name) {
  return std::isdigit(static_cast<unsigned char>(name[0])) != 0;
}

/// As Node's path.extname has it: ".hidden" has none.
std::string extension_of(const std::string& name) {
  return fs::path(name).extension();
}

Result<std::string> read_file(const std::string& path) {
  return migration::read_source(path, ErrorKind::kBadMigration, "a migration",
                                "keep data in a file of its own, which a script migration reads");
}

}  // namespace

std::string kind_of_migration(const std::string& name, const std::string& script_extension) {
  std::string extension = extension_of(name);
  std::string kind = kind_of_extension(extension);
  bool script = kind == "js" || kind == "ts";
  if (!script_extension.empty() && extension == script_extension) {
    if (name == kTemplate + extension) return "";
    return script ? kind : "js";
  }
  if (!script_extension.empty() && script) return "";
  // A JSON file must start with a digit: package.json is none.
  bool other_json = extension == ".json" && !starts_with_digit(name);
  bool template_file = name.starts_with(kTemplate) || name.starts_with(".");
  bool declarations = name.ends_with(".d.ts");
  return other_json || template_file || declarations ? "" : kind;
}

Result<std::vector<MigrationFile>> list_files(const Config& config) {
  std::error_code problem;
  fs::directory_iterator directory(config.migrations_directory, problem);
  if (problem) {
    return Error{ErrorKind::kNotFound,
                 fmt::format("cannot read the migrations directory {}: {}",
                             config.migrations_directory, problem.message()),
                 config.script_file.empty()
                     ? "whimbrel init -m yaml, or set migrationsDir"
                     : "mkdir " + config.migrations_directory + ", or set migrationsDir"};
  }
  std::vector<MigrationFile> files;
  for (const fs::directory_entry& item : directory) {
    std::string name = item.path().filename();
    std::string kind = kind_of_migration(name, config.migration_extension);
    if (kind.empty() || !item.is_regular_file()) continue;
    std::string source = TRY(read_file(item.path()));
    std::string hash = sha256_hex(source);
    MigrationFile file{name, item.path(), kind, std::move(source), std::move(hash)};
    files.push_back(std::move(file));
  }
  std::sort(files.begin(), files.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return files;
}

MigrationFile read_script_file(const std::string& directory, const std::string& name) {
  MigrationFile file{name, fs::path(directory) / name, kind_of_extension(extension_of(name)), "",
                     ""};
  if (!file.is_script()) file.kind = "js";
  if (auto source = read_file(file.path)) {
    file.source = std::move(source).value();
    file.hash = sha256_hex(file.source);
  }
  return file;
}

Result<Migration> load_file(const MigrationFile& file) {
  Loaded loaded = load_migration(file.name, file.source);
  if (auto* migration = std::get_if<Migration>(&loaded)) {
    migration->path = file.path;
    migration->hash = file.hash;
    return std::move(*migration);
  }
  std::vector<std::string> lines;
  for (const Problem& problem : std::get<std::vector<Problem>>(loaded))
    lines.push_back(problem.text());
  return Error{ErrorKind::kBadMigration, join(lines, "\n"),
               "mend " + file.path + ", then: whimbrel status"};
}

}  // namespace whimbrel
