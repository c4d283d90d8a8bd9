// JavaScript and TypeScript migrations: what their module exports, made into a Migration.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "migration/migration.h"

namespace whimbrel {

/// What the user's Node says of a module. Types are those of JavaScript, not yet checked.
struct ScriptDescription {
  bool up = false, down = false, migrate = false;  ///< functions of a script migration
  bool document = false;                           ///< `transform` or `transformBatch` is there
  bool transform = false, transform_batch = false;
  bool revert = false, check = false;
  std::string description;
  bool exports_collections = false, exports_transaction = false;
  std::optional<std::vector<std::string>>
      collections;                        ///< of a script; nullopt: no list of strings
  std::optional<bool> transaction;        ///< of a script; nullopt: no boolean
  std::vector<std::string> keys;          ///< everything that it exports
  std::optional<std::string> collection;  ///< nullopt: no string
  std::optional<mongo::Document> where;   ///< nullopt: no object
  mongo::Document reads;                  ///< `{reads: …}`, or empty
  mongo::Document options;                ///< `options`, numbers, strings and booleans only
};

/// The migration that a module is. Problems: it exports neither up() nor a transform, both, an
/// unknown key, or a value of the wrong type. Of a script only what whimbrel asks for is looked at.
std::variant<Migration, std::vector<Problem>> script_migration(const std::string& file,
                                                               const ScriptDescription& described);

/// A script migration whose module nobody has loaded yet, as migrate-mongo runs them: up and down
/// are believed to be there.
Migration unread_script_migration(const std::string& file);

}  // namespace whimbrel
