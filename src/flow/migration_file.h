// The files of the migrations directory.
#pragma once

#include <string>
#include <vector>

#include "migration/config.h"
#include "migration/migration.h"

namespace whimbrel {

/// A file of the migrations directory.
struct MigrationFile {
  std::string name;
  std::string path;
  std::string kind;  ///< "yaml", "js", "ts", "cpp"
  std::string source;
  std::string hash;  ///< SHA-256, lower-case hex
  bool is_declarative() const { return kind == "yaml"; }
  bool is_script() const { return kind == "js" || kind == "ts"; }
};

/// "yaml", "js", "ts" or "cpp" by the name; "" for files that are no migrations. With a
/// `script_extension` (migrationFileExtension), scripts are the files that end in it, as
/// migrate-mongo has it: whatever their names, and no others.
std::string kind_of_migration(const std::string& name, const std::string& script_extension);

/// The files of the directory that are migrations, by name; kNotFound when it does not exist.
Result<std::vector<MigrationFile>> list_files(const Config& config);

/// One script, whatever its name; without source and hash when it cannot be read.
MigrationFile read_script_file(const std::string& directory, const std::string& name);

/// Loads a declarative file; all its problems in one Error (kBadMigration).
Result<Migration> load_file(const MigrationFile& file);

}  // namespace whimbrel
