// What a Node host can be asked: typed calls over Host.
#pragma once

#include <string>
#include <vector>

#include "migration/config.h"
#include "migration/script.h"
#include "node/host.h"

namespace whimbrel::node {

/// The user's code failed, as an Error: "file:line: TypeError: message". Of kind `kind`; its hint
/// says what to install where something is missing.
Error to_error(const ScriptError& failed, const std::string& file, ErrorKind kind);

/// How a migration reaches the database from JavaScript.
struct DriverSetting {
  std::string uri;
  std::string database;     ///< "": the one in the connection string
  std::string config_file;  ///< migrate-mongo-config.js, whose mongodb.options it gets; "" for none
  /// `database` is a scratch one, and this the user's: whatever asks for it gets the scratch one,
  /// whatever asks for another database is refused. "" where `database` is the user's.
  std::string stands_for = {};
};

/// Evaluates a JavaScript configuration. The host keeps it: connect() uses its mongodb.options.
/// Reply::failed when it cannot be loaded.
Result<Reply> load_config_module(Host& host, const std::string& path);
/// The configuration that load_config_module() evaluated.
Result<ScriptConfig> read_config(const Reply& reply);

/// Connects the project's own driver and keeps its client. Reply::failed is what the driver said.
Result<Reply> connect(Host& host, const DriverSetting& driver);

/// Loads a migration's module. Reply::failed when it cannot be loaded.
Result<Reply> load_migration_module(Host& host, const std::string& path);
ScriptDescription read_description(const Reply& reply);

/// Calls up, down or migrate of a script migration; needs connect(). Reply::failed is what it
/// threw.
Result<Reply> run_script(Host& host, const std::string& path, const std::string& function,
                         const Patience& patience);

/// What a script did with a collection while it was kept to a scratch database.
struct TouchedCollection {
  std::string collection;
  std::vector<std::string> commands;  ///< "find", "update", …
};
/// By the driver's command monitoring, since connect(); needs DriverSetting::stands_for.
Result<std::vector<TouchedCollection>> touched_collections(Host& host);

/// A document migration, opened in a host of its own: module loaded, setup(ctx) awaited.
struct MigrationSetting {
  std::string path;
  std::string file;  ///< its name, for ctx.migration and messages
  std::string run;
  DriverSetting driver;
};
Result<Reply> open_migration(Host& host, const MigrationSetting& setting, const Patience& patience);
/// Awaits teardown(ctx).
Result<Reply> close_migration(Host& host, const std::string& path, const Patience& patience);
/// Awaits check(ctx).
Result<Reply> check_migration(Host& host, const std::string& path, const Patience& patience);

/// What a transform wants for one document. The numbers are those of host/results.js.
enum class Verdict {
  kLeave = 0,
  kOperators = 1,  ///< update operators, to be sent as they are
  kPipeline = 2,   ///< an aggregation pipeline: an array
  kFields = 3,     ///< $set and $unset whose names are literal, even with dots or dollars in them
  kFailed = 4,     ///< it threw, or returned what is no result
};
struct TransformResult {
  Verdict verdict = Verdict::kLeave;
  mongo::View change;  ///< operators, or the pipeline's array; borrows from `documents` below
  ScriptError failed;
};
struct TransformReply {
  std::vector<TransformResult> results;  ///< as many as documents were asked for
  std::optional<ScriptError> failed;     ///< transformBatch threw: there are no results
  mongo::DocumentList documents;
};
/// Asks transform, transformBatch or revert for each of `documents`. kBug when the host answers for
/// another number. `patience.most` bounds the batch: promises that did not settle by then fail
/// their documents; code that blocks longer costs the host.
Result<TransformReply> transform(Host& host, const MigrationSetting& setting, bool reverts,
                                 const mongo::DocumentList& documents, const Patience& patience);

}  // namespace whimbrel::node
