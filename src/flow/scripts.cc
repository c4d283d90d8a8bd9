#include "flow/scripts.h"

#include <fmt/format.h>

#include <filesystem>
#include <mutex>

#include "base/text.h"
#include "mongo/client.h"

namespace whimbrel {

using node::Reply;

/// Which migration prints, and to whom. Hosts call it from threads of their own.
struct Scripts::Sinks {
  std::mutex mutex;
  ScriptTalk talk;        // guarded by mutex
  std::string migration;  // guarded by mutex

  void line(node::Stream stream, std::string_view text) {
    std::lock_guard guard(mutex);
    if (talk) talk(stream, migration, text);
    else fmt::print(stderr, "{}\n", text);
  }
  void start(const std::string& name) {
    std::lock_guard guard(mutex);
    migration = name;
  }
};

Scripts::Scripts(std::string directory, Output output)
    : directory_(std::move(directory)), output_(output), sinks_(std::make_shared<Sinks>()) {}
Scripts::~Scripts() {
  sinks_->start("");
}

void Scripts::use(const Config& config, const std::string& database) {
  node_ = config.node;
  script_file_ = config.script_file;
  driver_uri_ = config.driver_uri;
  database_ = database;
}

std::unique_ptr<Scripts> Scripts::another(const Config& config) const {
  return in_scratch(config, database_, stands_for_);
}

std::unique_ptr<Scripts> Scripts::in_scratch(const Config& config, const std::string& database,
                                             const std::string& stands_for) const {
  auto scripts = std::make_unique<Scripts>(directory_, output_);
  scripts->sinks_ = sinks_;
  scripts->use(config, database);
  scripts->stands_for_ = stands_for;
  return scripts;
}

void Scripts::talk_to(ScriptTalk talk) {
  std::lock_guard guard(sinks_->mutex);
  sinks_->talk = std::move(talk);
}

node::HostSetting Scripts::host_setting() const {
  node::HostSetting setting;
  setting.command = node_.command;
  setting.loaders = node_.loaders;
  setting.directory = directory_;
  std::shared_ptr<Sinks> sinks = sinks_;
  if (output_ == Output::kCaptured) {
    setting.output = [sinks](node::Stream stream, std::string_view line) {
      sinks->line(stream, line);
    };
  }
  setting.log = [sinks](std::string_view text) { sinks->line(node::Stream::kErr, text); };
  return setting;
}

node::DriverSetting Scripts::driver() const {
  return {.uri = driver_uri_,
          .database = database_,
          .config_file = script_file_,
          .stands_for = stands_for_};
}

Result<node::Host*> Scripts::host() {
  if (host_ && !host_->died()) return &*host_;
  host_.reset();
  config_is_loaded_ = connected_ = false;
  host_.emplace(TRY(node::Host::start(host_setting())));
  return &*host_;
}

/// A reply without a failure of the user's code; that one is kept, and made into an Error.
Result<Reply> Scripts::checked(Result<Reply> reply, const std::string& file, ErrorKind kind) {
  last_failure_.reset();
  if (!reply) return std::move(reply).error().while_doing(file);
  if (!reply->failed) return reply;
  last_failure_ = reply->failed;
  return node::to_error(*reply->failed, file, kind);
}

void Scripts::end_host() {
  if (host_) host_->end();
}

Result<ScriptConfig> Scripts::read_config(const std::string& path, const NodeConfig& setting) {
  node_ = setting;
  std::string name = std::filesystem::path(path).filename();
  node::Host* node = TRY(host());
  mongo::prepare_driver();  // while Node starts
  Reply reply = TRY(checked(node::load_config_module(*node, path), name, ErrorKind::kBadConfig));
  config_is_loaded_ = true;
  return node::read_config(reply);
}

Result<Migration> Scripts::load(const MigrationFile& file) {
  sinks_->start(file.name);
  node::Host* node = TRY(host());
  Reply reply = TRY(
      checked(node::load_migration_module(*node, file.path), file.name, ErrorKind::kBadMigration));
  auto loaded = script_migration(file.name, node::read_description(reply));
  if (auto* migration = std::get_if<Migration>(&loaded)) {
    migration->path = file.path;
    migration->hash = file.hash;
    return std::move(*migration);
  }
  std::vector<std::string> lines;
  for (const Problem& problem : std::get<std::vector<Problem>>(loaded))
    lines.push_back(problem.text());
  return Error{ErrorKind::kBadMigration, join(lines, "\n"),
               "mend " + file.path + ", then: whimbrel plan"};
}

Status Scripts::connect() {
  node::Host* node = TRY(host());
  if (connected_) return {};
  if (!config_is_loaded_ && !script_file_.empty()) {
    TRY(checked(node::load_config_module(*node, script_file_), script_file_,
                ErrorKind::kBadConfig));
    config_is_loaded_ = true;
  }
  auto reply = checked(node::connect(*node, driver()), "the project's mongodb driver",
                       ErrorKind::kUnreachable);
  if (!reply) {
    Error error = std::move(reply).error();
    error.message = redact_secrets(std::move(error.message), driver_uri_);
    return error;
  }
  connected_ = true;
  return {};
}

Status Scripts::run(const Migration& migration, const std::string& function, const Stop& stop,
                    const std::function<void()>& on_wait) {
  auto run = [&](node::Host& host, const node::Patience& patience) {
    return node::run_script(host, migration.path, function, patience);
  };
  TRY(ask_of(migration, run, patience_with(stop, on_wait)));
  return {};
}

Result<Reply> Scripts::ask_of(const Migration& migration, const Question& question,
                              const node::Patience& patience) {
  sinks_->start(migration.file);
  TRY(connect());
  node::Host* node = TRY(host());
  return checked(question(*node, patience), migration.file, ErrorKind::kFailed);
}

Result<std::vector<node::TouchedCollection>> Scripts::touched() {
  if (!host_ || host_->died() || !connected_) return std::vector<node::TouchedCollection>();
  return node::touched_collections(*host_);
}

Result<Reply> Scripts::ask(const Question& question) {
  node::Host* node = TRY(host());
  node::Patience patience{
      .most = {}, .stop = interrupt_, .ends_on_interrupt = interrupt_ != nullptr};
  last_failure_.reset();
  Reply reply = TRY(question(*node, patience));
  if (!reply.failed) return reply;
  last_failure_ = reply.failed;
  return Error{ErrorKind::kFailed, reply.failed->message};
}

Result<Migration> load_any(Scripts& scripts, const MigrationFile& file) {
  if (file.is_script()) return scripts.load(file);
  if (file.is_declarative()) return load_file(file);
  return Error{ErrorKind::kBadMigration,
               fmt::format("{}: {} migrations come with a later version", file.name, file.kind),
               "leave it out with --only, or move it away"};
}

}  // namespace whimbrel
