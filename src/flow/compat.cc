#include "flow/compat.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "flow/new_file.h"
#include "flow/undo_migration.h"
#include "flow/up.h"
#include "migration/driver_options.h"
#include "migration/script.h"

namespace whimbrel {
namespace {

namespace fs = std::filesystem;
using node::Host;
using node::Patience;
using node::Reply;

constexpr const char* kConfigFile = "migrate-mongo-config.js";
constexpr const char* kDefaultLocks = "changelog_lock";

std::string current_directory() {
  std::error_code ignored;
  return fs::current_path(ignored);
}

Config starting_config() {
  Config config;
  config.directory = current_directory();
  const char* command = std::getenv("WHIMBREL_NODE");
  if (command && *command) config.node.command = command;
  return config;
}

/// Our own connection and our own documents follow what the JavaScript configuration says.
Result<Config> config_of(const Reply& reply, const std::string& file) {
  mongo::View head = reply.head;
  ScriptConfig script = TRY(node::read_config(reply));
  Config config = starting_config();
  config.script_file = file;
  config.driver_uri = head.get_string("url");
  config.uri = migration::merge_driver_options(config.driver_uri, script.driver_options).uri;
  config.changelog_collection = head.get_string("changelog");
  config.lock_collection = script.lock_collection.value_or(kDefaultLocks);
  config.ignores_foreign_locks = !head.get_bool("locks");
  config.lock_ttl_seconds = config.ignores_foreign_locks ? 0 : head.get_int("lockSeconds");
  config.use_file_hash = script.use_file_hash;
  return config;
}

/// Everything is shown by those who called; the engine's progress is not.
Result<std::unique_ptr<Reporter>> silent_reporter(const std::string& command) {
  Reporter::Options options;
  options.output = Output::kJson;
  options.progress.kind = ProgressStyle::Kind::kNone;
  options.command = command;
  options.quiet = true;
  return Reporter::open(options);
}

bool is_document_migration(const Migration& migration) {
  return migration.steps.front().is_document_step();
}

/// The frames of a stack without the message above them.
std::string frames_of(const std::string& stack) {
  size_t at = stack.find("\n    at ");
  return at == std::string::npos ? "" : stack.substr(at);
}

/// The server's own reason, without the command of ours that it was given for.
std::string cause_of(const std::string& message) {
  constexpr std::string_view kCause = ":: caused by :: ";
  size_t at = message.rfind(kCause);
  return at == std::string::npos ? message : message.substr(at + kCause.size());
}

bool is_signal(const Error& error) {
  return error.kind == ErrorKind::kInterrupted || error.kind == ErrorKind::kTerminated;
}

std::vector<std::string> pending_of(const node::CompatStatus& status) {
  std::vector<std::string> names;
  for (const node::CompatItem& item : status.items) {
    if (item.pending) names.push_back(item.name);
  }
  return names;
}

/// By name, not by time: the last is the one whose name sorts last.
std::vector<std::string> undone_by(const node::CompatStatus& status, DownReach reach) {
  std::vector<const node::CompatItem*> applied;
  for (const node::CompatItem& item : status.items) {
    if (!item.pending) applied.push_back(&item);
  }
  std::vector<std::string> names;
  if (applied.empty()) return names;
  const node::CompatItem* last = applied.back();
  bool block = reach == DownReach::kBlock && !last->block.empty();
  for (auto item = applied.rbegin(); item != applied.rend(); ++item) {
    if (*item == last || (block && (*item)->block == last->block)) names.push_back((*item)->name);
  }
  return names;
}

}  // namespace

Compat::Compat(node::CompatPlace place, Stop& stop)
    : place_(std::move(place)),
      stop_(stop),
      unconnected_(std::make_unique<Scripts>(current_directory(), Scripts::Output::kInherited)),
      scripts_(*unconnected_) {
  fs::path file = place_.file.empty() ? fs::path(kConfigFile) : fs::path(place_.file);
  place_.file = (fs::path(current_directory()) / file).lexically_normal();
  scripts_.use(starting_config(), "");
  scripts_.end_on_interrupt(stop_);
}

std::string Compat::stack_of(const Error& error) const {
  return stack_.empty() ? "Error: " + error.message : stack_;
}

/// What the user's code threw, as migrate-mongo says it.
Error Compat::raised(const std::string& doing) {
  node::ScriptError thrown = scripts_.last_failure().value_or(node::ScriptError{});
  bool nothing = thrown.thrown == "undefined" || thrown.thrown == "object";
  if (nothing) {
    std::string message = fmt::format("Cannot read properties of {} (reading 'message')",
                                      thrown.thrown == "undefined" ? "undefined" : "null");
    stack_ = "TypeError: " + message;
    return Error{ErrorKind::kFailed, message};
  }
  bool is_error = thrown.thrown == "error";
  stack_ = is_error ? thrown.stack : "undefined";
  return Error{ErrorKind::kFailed, doing + (is_error ? thrown.message : "undefined")};
}

/// What went wrong while `doing`, whoever says it.
Error Compat::failed(const std::string& doing, Error error) {
  if (is_signal(error)) return error;
  if (scripts_.last_failure()) return raised(doing);
  error.message = doing + error.message;
  return error;
}

Result<Reply> Compat::ask(const Scripts::Question& question) {
  auto reply = scripts_.ask(question);
  if (reply) return reply;
  return failed("", std::move(reply).error());
}

Status Compat::init(ModuleSystem modules) {
  fs::path config = fs::path(current_directory()) / kConfigFile;
  fs::path made = fs::path(current_directory()) / "migrations";
  std::error_code ignored;
  fs::path directory = made;
  bool has_config = fs::exists(config, ignored);
  if (has_config) {
    Reply reply = TRY(ask([&](Host& host, const Patience& patience) {
      return node::compat_directory(host, place_, patience);
    }));
    directory = reply.head.view().get_string("directory");
  }
  if (fs::exists(directory, ignored)) {
    return Error{ErrorKind::kFailed, "migrations directory already exists: " + directory.string()};
  }
  if (has_config) {
    return Error{ErrorKind::kFailed, "config file already exists: " + config.string()};
  }
  TRY(write_new_file(config, script_config(modules, false)));
  fs::create_directories(made, ignored);
  return {};
}

Result<std::string> Compat::create(const std::string& description) {
  if (description.empty()) return Error{ErrorKind::kFailed, "Missing parameter: description"};
  Reply reply = TRY(ask([&](Host& host, const Patience& patience) {
    return node::compat_create(host, place_, patience);
  }));
  node::CompatTarget target = node::read_compat_target(reply);
  TemplateKind kind{TemplateKind::Language::kJavaScript,
                    target.esm ? ModuleSystem::kEsm : ModuleSystem::kCommonJs};
  std::string content = new_migration(kind, description);
  if (!target.sample.empty()) {
    std::ifstream sample(target.sample, std::ios::binary);
    std::ostringstream copy;
    copy << sample.rdbuf();
    content = copy.str();
  }
  std::string name = new_migration_name(description, target.extension);
  fs::path path = fs::path(target.directory) / name;
  std::error_code ignored;
  fs::create_directories(path.parent_path(), ignored);
  TRY(write_new_file(path, content));
  Reply shown = TRY(ask(node::compat_shown));
  return shown.head.view().get_string("shown") + "/" + name;
}

Status Compat::connect() {
  Reply config = TRY(ask([&](Host& host, const Patience& patience) {
    return node::compat_config(host, place_, patience);
  }));
  Reply connected = TRY(ask(node::compat_connect));
  scripts_.take_for_connected();
  Config ours = TRY(config_of(config, place_.file));
  std::string database = connected.head.view().get_string("database");
  scripts_.use(ours, database);
  mongo::Client client = TRY(mongo::Client::connect({.uri = ours.uri}));
  project_.emplace(Project{std::move(ours), std::move(client), database, std::move(unconnected_)});
  return {};
}

Result<node::CompatStatus> Compat::read_status() {
  return node::read_compat_status(TRY(ask(node::compat_status)));
}

Result<node::CompatStatus> Compat::status() {
  Reply config = TRY(ask([&](Host& host, const Patience& patience) {
    return node::compat_config(host, place_, patience);
  }));
  TRY(ask(node::compat_connect));
  return read_status();
}

Result<Lock> Compat::take_lock(const std::string& command) {
  auto lock = Lock::acquire(project_->client, {project_->lock_place(), command, {}, {}}, stop_);
  if (lock || is_signal(lock.error())) return lock;
  bool held = lock.error().kind == ErrorKind::kLockHeld;
  if (!held) {
    Error error = std::move(lock).error();
    error.message = cause_of(error.message);
    return failed("Could not create a lock: ", std::move(error));
  }
  return Error{ErrorKind::kFailed,
               fmt::format("Could not migrate {}, a lock is in place.", command)};
}

/// A script is believed to be whole; only a document migration is looked at more closely.
Result<Migration> Compat::load(const MigrationFile& file) {
  Reply reply = TRY(scripts_.ask(
      [&](Host& host, const Patience&) { return node::load_migration_module(host, file.path); }));
  ScriptDescription described = node::read_description(reply);
  if (described.document && !described.up) return scripts_.load(file);
  Migration migration = unread_script_migration(file.name);
  migration.path = file.path;
  migration.hash = file.hash;
  return migration;
}

/// The file's present run, and its entry in the changelog.
Result<Entry> Compat::entry_of(const MigrationFile& file) {
  Entry entry;
  entry.name = file.name;
  entry.file = file;
  Project& project = *project_;
  Changelog changelog(project.client, project.database, project.config.changelog_collection);
  for (const ChangelogEntry& applied : TRY(changelog.read())) {
    if (applied.file == file.name) entry.applied = applied;
  }
  for (Run& run : TRY(Runs(project.client, project.database).read())) {
    if (run.file == file.name) entry.run = std::move(run);
  }
  return entry;
}

/// The engine's collections; scripts need none of them.
Status Compat::prepare_state(const Migration& migration) {
  if (!is_document_migration(migration)) return {};
  return ensure_state_collections(*project_);
}

Status Compat::apply(const UpSetting& setting, const MigrationFile& file) {
  std::string doing = fmt::format("Could not migrate up {}: ", file.name);
  auto migration = load(file);
  if (!migration) return failed(doing, std::move(migration).error());
  TRY(prepare_state(*migration));
  Entry entry = TRY(entry_of(file));
  bool undoing = entry.run && entry.run->state == RunState::kUndoing;
  if (undoing) entry.run.reset();
  auto open = resumable_run(entry, *migration);
  if (!open) return failed(doing, std::move(open).error());
  if (*open) TRY(check_versions_of_run(project_->client, project_->database, (*open)->id));
  auto run = apply_migration(setting, *migration, *open);
  if (run) return {};
  bool migrating =
      scripts_.last_failure() || scripts_.host_died() || is_document_migration(*migration);
  return failed(migrating ? doing : "Could not update changelog: ", std::move(run).error());
}

Status Compat::up(std::vector<std::string>& done) {
  TRY(connect());
  TRY(read_status());  // what is wrong with the project is said before what is wrong with the lock
  Lock lock = TRY(take_lock("up"));
  node::CompatStatus status = TRY(read_status());
  auto reporter = TRY(silent_reporter("up"));
  auto block = static_cast<double>(project_->client.server_time());
  UpSetting setting{*project_, lock, *reporter, stop_, block, {}, InDoubt::kRedo};
  for (const std::string& name : pending_of(status)) {
    if (stop_.requested()) return stop_.error();
    TRY(apply(setting, read_script_file(status.directory, name)));
    done.push_back(name);
  }
  return lock.release();
}

Status Compat::undo(const UpSetting& setting, const MigrationFile& file) {
  std::string doing = fmt::format("Could not migrate down {}: ", file.name);
  auto migration = load(file);
  if (!migration) return failed(doing, std::move(migration).error());
  Entry entry = TRY(entry_of(file));
  bool ours = entry.run && entry.applied && entry.run->id == entry.applied->run;
  if (!ours) entry.run.reset();
  bool document = is_document_migration(*migration);
  auto item = undo_item(entry, std::move(*migration));
  if (!item) return failed(doing, std::move(item).error());
  if (entry.run) {
    TRY(check_versions_of_run(project_->client, project_->database, entry.run->id));
  }
  TRY(prepare_state(item->migration));
  DownSummary summary;
  Status undone = undo_migration(setting, *item, summary);
  if (summary.conflicts > 0) {
    setting.reporter.say("warning",
                         fmt::format("{}: {} documents were changed since and left as they are",
                                     file.name, summary.conflicts));
  }
  if (undone) return {};
  bool migrating = scripts_.last_failure() || scripts_.host_died() || document;
  return failed(migrating ? doing : "Could not update changelog: ", std::move(undone).error());
}

Status Compat::down(DownReach reach, std::vector<std::string>& done) {
  TRY(connect());
  TRY(read_status());
  Lock lock = TRY(take_lock("down"));
  node::CompatStatus status = TRY(read_status());
  auto reporter = TRY(silent_reporter("down"));
  UpSetting setting{*project_, lock, *reporter, stop_, 0, {}, InDoubt::kRedo};
  for (const std::string& name : undone_by(status, reach)) {
    if (stop_.requested()) return stop_.error();
    Status undone = undo(setting, read_script_file(status.directory, name));
    if (!undone) {
      Error error = std::move(undone).error();
      // migrate-mongo's own error hides where the user's came from; the place is worth having.
      if (!stack_.empty()) stack_ = "Error: " + error.message + frames_of(stack_);
      return error;
    }
    done.push_back(name);
  }
  return lock.release();
}

}  // namespace whimbrel
