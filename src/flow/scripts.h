// The project's JavaScript: its configuration and its migrations, by one Node host that starts when
// it is first needed.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/stop.h"
#include "flow/migration_file.h"
#include "node/requests.h"

namespace whimbrel {

/// Receives what the user's code prints. Thread-safe.
using ScriptTalk =
    std::function<void(node::Stream, std::string_view migration, std::string_view line)>;

/// Use from the main thread; the sinks are called from others.
class Scripts {
 public:
  /// Where the user's code prints: kCaptured goes to the sink of talk_to(), and to our stderr
  /// before there is one; kInherited is for those who expect migrate-mongo itself.
  enum class Output { kCaptured, kInherited };

  Scripts(std::string directory, Output output);
  ~Scripts();

  using Question = std::function<Result<node::Reply>(node::Host&, const node::Patience&)>;

  /// What a configuration says; kBadConfig with file and line when it cannot be loaded. The raw
  /// failure is in last_failure().
  Result<ScriptConfig> read_config(const std::string& path, const NodeConfig& setting);
  /// The effective configuration: needed before anything else but read_config().
  void use(const Config& config, const std::string& database);
  void talk_to(ScriptTalk talk);
  /// Another set of hosts for the same project that works in the scratch database `database`: there
  /// the user's code finds it wherever it asks for `stands_for`, and is refused every other
  /// database. Prints to the same sinks.
  std::unique_ptr<Scripts> in_scratch(const Config& config, const std::string& database,
                                      const std::string& stands_for) const;

  /// Another set of hosts for the same project, for another thread. Prints to the same sinks.
  std::unique_ptr<Scripts> another(const Config& config) const;

  /// Loads the module and checks what it exports: kBadMigration with file and line.
  Result<Migration> load(const MigrationFile& file);
  /// Connects the project's own driver, if that is not done yet.
  Status connect();
  /// Calls a function of a script migration; connects first. kFailed with file and line when it
  /// throws. Returns only when it is settled or its host is dead: Ctrl-C does not cut it off, a
  /// lost lock does. The next call finds a new host after one died.
  /// `on_wait` is called once when a stop is requested and the function goes on.
  Status run(const Migration& migration, const std::string& function, const Stop& stop,
             const std::function<void()>& on_wait);

  /// Any other question about a migration; connects first. kFailed with file and line when its code
  /// fails; what it threw is in last_failure().
  Result<node::Reply> ask_of(const Migration& migration, const Question& question,
                             const node::Patience& patience);

  /// What scripts did with collections since the host connected; none without in_scratch(), or
  /// when the host is gone.
  Result<std::vector<node::TouchedCollection>> touched();

  /// Ends the host without waiting for it: for commands that needed only the configuration. The
  /// next call starts another.
  void end_host();

  /// What the user's code threw last, for those who print it as migrate-mongo does.
  const std::optional<node::ScriptError>& last_failure() const { return last_failure_; }
  /// For hosts of lanes: same Node, same folder, same sinks.
  node::HostSetting host_setting() const;
  node::DriverSetting driver() const;
  /// Ctrl-C ends whatever the host is asked at once, as it does in migrate-mongo. `stop` outlives
  /// this.
  void end_on_interrupt(const Stop& stop) { interrupt_ = &stop; }
  /// Patience of a function of the user's: see run().
  node::Patience patience_with(const Stop& stop, const std::function<void()>& on_wait) const {
    return {
        .most = {}, .stop = &stop, .ends_on_interrupt = interrupt_ != nullptr, .on_wait = on_wait};
  }
  /// The host of the last call ended under it: nobody knows what it has done.
  bool host_died() const { return host_ && host_->died(); }
  /// The user's code ended it: process.exit, or something that nobody caught.
  bool host_gave_reason() const { return host_ && host_->gave_reason(); }

  /// Any other question; a failure of the user's code is in last_failure(), too.
  Result<node::Reply> ask(const Question& question);
  /// A question connected the driver, and read the configuration.
  void take_for_connected() { config_is_loaded_ = connected_ = true; }

 private:
  struct Sinks;
  Result<node::Host*> host();
  Result<node::Reply> checked(Result<node::Reply> reply, const std::string& file, ErrorKind kind);

  std::string directory_;
  Output output_;
  std::shared_ptr<Sinks> sinks_;  // hosts that are about to end may still print
  NodeConfig node_;
  std::string script_file_, driver_uri_, database_;
  std::string stands_for_;  // the user's database, when database_ is a scratch one
  std::optional<node::Host> host_;
  bool config_is_loaded_ = false;
  bool connected_ = false;
  const Stop* interrupt_ = nullptr;
  std::optional<node::ScriptError> last_failure_;
};

/// Loads a migration of any kind that this version runs.
Result<Migration> load_any(Scripts& scripts, const MigrationFile& file);

}  // namespace whimbrel
