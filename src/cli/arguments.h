// cli: what a person types and reads; one file a command.
//
// The command line, parsed and checked, as plain values.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "flow/down.h"
#include "flow/up.h"
#include "migration/config.h"

namespace whimbrel {

/// Of `--every`.
inline constexpr std::chrono::milliseconds kShortestEvery{100};
struct BackupArguments {
  bool first = false;  ///< of `up`: `--backup`
  std::vector<std::string> only;
  std::string archive;    ///< "-" for stdin or stdout
  std::string migration;  ///< `--for`
  std::string to_database;
  std::string keep;  ///< of `prune`: a duration
  bool gzip = false;
  bool drop = false;
  bool preserve_uuids = false;
};

struct Arguments {
  std::string command;             ///< "up", "status", …; "" for none
  std::vector<std::string> words;  ///< its arguments that are no flags
  ConfigSources sources;
  Output output = Output::kText;
  std::optional<ProgressStyle> progress;  ///< nullopt: live on a terminal, plain elsewhere
  std::string confirm;
  bool no_input = false;
  bool quiet = false;
  bool help = false;
  std::chrono::milliseconds wait{0};

  // create, init
  std::string kind;  ///< "" for what the project's other migrations are
  std::string module = "commonjs";
  bool document = false;

  // status
  bool exit_code = false;

  // plan, up, down
  Selection selection;
  EngineOverrides overrides;
  std::string log_file;
  std::chrono::milliseconds max_time{0};
  std::string finish_by;  ///< plan
  InDoubt in_doubt = InDoubt::kAsk;
  bool dry_run = false;
  DownOptions down;

  /// up: what it may take of the database, as it was typed.
  struct Limits {
    std::vector<std::string> windows;
    std::string nice, max_rate, max_ops;
    bool no_wait = false;
    bool parallel = false;
  } limits;

  std::string plan_file;  ///< of `up`: what `plan --out` wrote

  // test, rehearse, verify
  int64_t docs = 0;  ///< 0: as many as the phase usually takes
  bool full = false;
  bool watch = false;  ///< test

  // watch, monitor
  std::optional<std::chrono::milliseconds> every;  ///< nullopt: as the command does it by itself

  // lint
  bool strict = false;

  // errors
  bool group = false;
  bool retry = false;
  std::string export_file;  ///< "-" for stdout

  // evidence
  std::string out_file;  ///< of `export` and `report`, "" for stdout; of `plan`

  // checklist
  std::string note;  ///< of a tick; why, of a request to a run
  bool runbook = false;

  // resolve
  bool applied = false;
  bool pending = false;
  bool accept_change = false;

  // backup, restore
  BackupArguments backup;
  // notify
  std::string event = "finished";

  // up --detach, logs
  bool detach = false;
  bool follow = false;
  std::string run;  ///< whose log file; "" for the newest

  // unlock
  bool force = false;

  // monitor
  int64_t count = 0;  ///< 0: until it is ended
};

/// kUsage with did-you-mean for commands and flags.
Result<Arguments> parse_arguments(int argc, char** argv);

/// Help text of a command, or of the program for "".
std::string help_text(const std::string& command);
/// Names of all commands.
std::vector<std::string> command_names();

}  // namespace whimbrel
