// The project's configuration: whimbrel.yaml, one environment merged over it, variables expanded.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/window.h"
#include "migration/log_config.h"
#include "migration/notify_config.h"
#include "migration/throttle_config.h"
#include "mongo/bson.h"

namespace whimbrel {

/// `engine:` of whimbrel.yaml.
struct EngineConfig {
  int workers = 1;                            ///< lanes; 1 until more are asked for (`auto` is 0)
  int batch_docs = 1000;                      ///< most documents of one batch
  int64_t batch_bytes = 8 << 20;              ///< most bytes of one batch, pre-images counted
  std::chrono::milliseconds batch_time{100};  ///< what a batch should take
  int64_t max_errors = 0;                     ///< quarantined documents that a run bears
  double max_errors_share =
      0;  ///< the same as a share of the documents, 0.001 for "0.1%"; 0: unused
  bool journal = true;
  std::chrono::milliseconds journal_keep{std::chrono::hours(24 * 30)};  ///< age at which it goes
};

/// `node:` of whimbrel.yaml: the user's own Node.js.
struct NodeConfig {
  std::string command = "node";                         ///< WHIMBREL_NODE goes before it
  std::vector<std::string> loaders;                     ///< modules that Node is given as --import
  std::chrono::milliseconds transform_timeout{60'000};  ///< what a transform may take for one batch
};

/// `engine.nice`, `--nice`: a word for how much a run may take of the database. What the file says
/// of engine and throttle goes before it.
///
/// gentle: one lane, batches of 500 documents and 50 ms, pauses at 2 s of lag, 5 % of dirty cache,
/// and flow control. normal: pauses at 5 s of lag and 15 % of dirty cache. fast: a lane for each
/// core, batches of 5,000 documents and 500 ms, no signals. False for any other word.
bool apply_nice(std::string_view name, EngineConfig& engine, ThrottleConfig& throttle);
/// `backup:` of whimbrel.yaml.
struct BackupConfig {
  std::string directory = "backups";  ///< where backups lie; absolute after load
  std::vector<std::string> before;    ///< environments in which `up` makes one before it begins
};

/// What migrate-mongo-config.js says; unset where it says nothing.
struct ScriptConfig {
  std::optional<std::string> uri, database, migrations_directory, changelog_collection,
      lock_collection, migration_extension, module_system;
  std::optional<int64_t> lock_ttl_seconds;
  bool use_file_hash = false;      ///< only `true` itself counts, as in migrate-mongo
  mongo::Document driver_options;  ///< `mongodb.options` without functions and objects of classes
};
/// Evaluates a JavaScript configuration; this room cannot.
using ReadScriptConfig =
    std::function<Result<ScriptConfig>(const std::string& path, const NodeConfig& node)>;

/// The effective configuration.
struct Config {
  std::string directory;    ///< the project's directory, absolute
  std::string file;         ///< path of whimbrel.yaml, "" when there is none
  std::string script_file;  ///< path of migrate-mongo-config.js, "" when there is none
  std::string environment;  ///< "" when none was asked for
  std::string uri = "mongodb://127.0.0.1:27017";
  std::string database;                             ///< "" means: the one in the connection string
  std::string migrations_directory = "migrations";  ///< absolute after load
  std::string changelog_collection = "changelog";
  std::string lock_collection = "changelog_lock";
  int64_t lock_ttl_seconds = 0;        ///< migrate-mongo's TTL index; 0: none
  bool ignores_foreign_locks = false;  ///< called as migrate-mongo, with its locking switched off
  bool use_file_hash = false;
  bool is_protected = false;  ///< `protected: true`: up and down ask for the database name
  /// `requires:`: "test", "rehearsal", "verify", "backup": evidence without which `up` does not
  /// begin a migration.
  std::vector<std::string> required_evidence;
  EngineConfig engine;
  ThrottleConfig throttle;
  Windows windows;
  NodeConfig node;
  BackupConfig backup;
  NotifyConfig notify;
  LogConfig log;
  std::string driver_uri;           ///< for the project's own driver, which gets its options apart
  std::string migration_extension;  ///< of scripts; "" when every kind that is known counts
  std::string module_system = "commonjs";     ///< which template `create` takes
  std::vector<std::string> unmapped_options;  ///< of mongodb.options: only the project's driver
                                              ///< has them, our own connection does not
};

/// Where the configuration comes from; the command line fills it. Empty strings mean "not given".
struct ConfigSources {
  std::string directory;    ///< -C
  std::string file;         ///< -f, relative to the directory
  std::string environment;  ///< -e
  std::string uri;          ///< --uri
  std::string database;     ///< -d
  std::string uri_file;     ///< --uri-file
};

/// Reads defaults, migrate-mongo-config.js, whimbrel.yaml, the environment's section, WHIMBREL_*
/// and `sources`; later wins. Either file alone is enough.
///
/// Environment name: sources.environment > WHIMBREL_ENV > NODE_ENV; naming one that the file does
/// not have is an error when it came from -e or WHIMBREL_ENV, and ignored when it came from
/// NODE_ENV.
/// `${VAR}` and `${VAR:-default}` are expanded inside strings; an unset ${VAR} without a default is
/// an error only if the value is used (so production's variables need not be set in development).
/// `$${` is a literal `${`. Relative paths (-f, uriFile, --uri-file, migrationsDir) start at the
/// project's directory.
/// Errors: kNotFound (no file, or no uriFile), kBadConfig with "file:line:column" (all problems,
/// one a line), kUsage (--uri with --uri-file). No message shows a password.
Result<Config> load_config(const ConfigSources& sources, const ReadScriptConfig& read_script = {});

}  // namespace whimbrel
