// What migrate-mongo 14 does, done by whimbrel for those who call it by that name
// (docs/migrate-mongo.md).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "flow/apply.h"
#include "flow/templates.h"
#include "node/compat.h"

namespace whimbrel {

/// How far `down` goes back.
enum class DownReach { kLast, kBlock };

/// One command on one project. Errors carry migrate-mongo's message; those of the user's code have
/// their own stack_of(). Ctrl-C and SIGTERM end everything at once: kInterrupted, kTerminated.
class Compat {
 public:
  /// `place.file` is relative to the current directory, or "" for migrate-mongo-config.js. `stop`
  /// outlives this.
  Compat(node::CompatPlace place, Stop& stop);

  Status init(ModuleSystem modules);
  /// The new file as it is shown: "migrations/20260102030405-add_index.js".
  Result<std::string> create(const std::string& description);
  Result<node::CompatStatus> status();
  /// `done` is filled in also when it fails.
  Status up(std::vector<std::string>& done);
  Status down(DownReach reach, std::vector<std::string>& done);

  /// What follows the message of the Error that a method returned last.
  std::string stack_of(const Error& error) const;

 private:
  Result<node::Reply> ask(const Scripts::Question& question);
  Error raised(const std::string& doing);
  Error failed(const std::string& doing, Error error);
  Status connect();
  Result<node::CompatStatus> read_status();
  Result<Lock> take_lock(const std::string& command);
  Result<Migration> load(const MigrationFile& file);
  Status apply(const UpSetting& setting, const MigrationFile& file);
  Status undo(const UpSetting& setting, const MigrationFile& file);
  Status prepare_state(const Migration& migration);
  Result<Entry> entry_of(const MigrationFile& file);

  node::CompatPlace place_;
  Stop& stop_;
  std::unique_ptr<Scripts> unconnected_;  ///< the project's, before there is one
  Scripts& scripts_;
  std::optional<Project> project_;
  std::string stack_;  ///< of the user's code; "" when it threw nothing
};

}  // namespace whimbrel
