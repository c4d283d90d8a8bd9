#include "migration/config.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/text.h"
#include "migration/config_file.h"
#include "migration/config_schema.h"
#include "migration/config_values.h"
#include "migration/driver_options.h"
#include "migration/expansion.h"
#include "migration/fields.h"
#include "migration/json.h"
#include "migration/notify_fields.h"

namespace whimbrel {
namespace {

namespace fs = std::filesystem;
using migration::ProblemList;
using migration::YamlNode;

std::string text_of(ProblemList& problems) {
  std::string text;
  for (const Problem& problem : problems.take()) {
    if (!text.empty()) text += '\n';
    text += problem.text();
  }
  return text;
}

Error bad_config(ProblemList& problems) {
  return Error{ErrorKind::kBadConfig, text_of(problems),
               "correct the file and run the command again; 'whimbrel help config' lists the keys"};
}

/// A variable's value, or "" when it is unset: an empty one counts as not given.
std::string variable(const char* name) {
  return migration::process_variable(name).value_or("");
}

/// The connection string and database as WHIMBREL_* and the command line give them.
struct Overrides {
  std::string uri;
  std::string uri_file;
  std::string database;
};

Result<Overrides> read_overrides(const ConfigSources& sources) {
  if (!sources.uri.empty() && !sources.uri_file.empty()) {
    return Error{ErrorKind::kUsage, "--uri and --uri-file both name the server",
                 "give one of them"};
  }
  Overrides overrides{sources.uri, sources.uri_file, sources.database};
  if (overrides.database.empty()) overrides.database = variable("WHIMBREL_DB");
  if (!overrides.uri.empty() || !overrides.uri_file.empty()) return overrides;
  overrides.uri = variable("WHIMBREL_URI");
  overrides.uri_file = variable("WHIMBREL_URI_FILE");
  if (!overrides.uri.empty() && !overrides.uri_file.empty()) {
    return Error{ErrorKind::kBadConfig, "WHIMBREL_URI and WHIMBREL_URI_FILE are both set",
                 "unset WHIMBREL_URI_FILE"};
  }
  return overrides;
}

Result<std::string> read_uri_file(const std::string& directory, const std::string& file) {
  fs::path path = fs::path(directory) / file;
  std::ifstream stream(path, std::ios::binary);
  std::error_code ignored;
  std::string shown = redact_uri(path.lexically_normal().string());
  if (!stream || fs::is_directory(path, ignored)) {
    return Error{ErrorKind::kNotFound,
                 fmt::format("cannot read the connection string from {}", shown),
                 fmt::format("ls -l {}", shown)};
  }
  std::string content{std::istreambuf_iterator<char>(stream), {}};
  std::string uri(trim(content));
  if (!uri.empty() && uri.find_first_of("\n\r") == std::string::npos) return uri;
  return Error{ErrorKind::kBadConfig,
               fmt::format("{} must hold one line, the connection string", shown)};
}

Status check_uri(const std::string& uri, std::string_view source) {
  if (uri.starts_with("mongodb://") || uri.starts_with("mongodb+srv://")) return {};
  // What is no connection string may still be a secret: it is not shown.
  return Error{ErrorKind::kBadConfig,
               fmt::format("the connection string from {} does not start with mongodb:// or "
                           "mongodb+srv://",
                           source),
               "write it as mongodb://HOST:PORT/DATABASE"};
}

Status check_database(const std::string& name) {
  constexpr size_t kLongest = 63;
  bool valid = name.size() <= kLongest && name.find_first_of("/\\. \"$") == std::string::npos;
  if (valid) return {};
  return Error{
      ErrorKind::kBadConfig,
      fmt::format("'{}' cannot be a database name: at most {} bytes without / \\ . \" $ or "
                  "spaces",
                  redact_uri(name), kLongest)};
}

/// Sets uri and database from the strongest source that has them.
Status choose_server(Config& config, const Overrides& overrides, migration::ConfigValues& values) {
  std::string source = config.script_file.empty() ? "the file" : config.script_file;
  std::string uri_file = overrides.uri_file;
  if (!overrides.uri.empty()) {
    config.uri = overrides.uri;
    source = "--uri or WHIMBREL_URI";
  } else if (uri_file.empty()) {
    uri_file = values.text("mongodb.uriFile", "");
    config.uri = values.text("mongodb.uri", config.uri);
    if (values.find("mongodb.uri")) source = values.place("mongodb.uri");
  }
  if (!uri_file.empty()) {
    if (!values.problems().empty()) return {};
    config.uri = TRY(read_uri_file(config.directory, uri_file));
    source = redact_uri(uri_file);
  }
  config.database = overrides.database.empty() ? values.text("mongodb.database", config.database)
                                               : overrides.database;
  if (!values.problems().empty()) return {};
  TRY(check_uri(config.uri, source));
  return check_database(config.database);
}

void read_engine(EngineConfig& engine, migration::ConfigValues& values) {
  using std::chrono::milliseconds;
  auto with = [&](std::string_view path, auto read) {
    if (auto node = values.find(path)) read(*node);
  };
  ProblemList& problems = values.problems();
  with("engine.workers",
       [&](const YamlNode& node) { engine.workers = migration::read_workers(node, problems); });
  with("engine.batch.docs", [&](const YamlNode& node) {
    engine.batch_docs = static_cast<int>(
        migration::read_integer(node, "engine.batch.docs", 1, migration::kMaxBatchDocs, problems));
  });
  with("engine.batch.bytes", [&](const YamlNode& node) {
    engine.batch_bytes = migration::read_batch_bytes(node, "engine.batch.bytes", problems);
  });
  with("engine.batch.time", [&](const YamlNode& node) {
    engine.batch_time =
        milliseconds(migration::read_batch_time(node, "engine.batch.time", problems));
  });
  with("engine.maxErrors", [&](const YamlNode& node) {
    if (auto share = migration::parse_percentage(node.text)) engine.max_errors_share = *share;
    else
      engine.max_errors = migration::read_integer(node, "engine.maxErrors", 0, INT64_MAX, problems);
  });
  with("engine.journal", [&](const YamlNode& node) {
    engine.journal = migration::read_switch(node, "engine.journal", problems);
  });
  with("engine.journalKeep", [&](const YamlNode& node) {
    engine.journal_keep =
        milliseconds(migration::read_duration(node, "engine.journalKeep", problems));
  });
}

void read_project(Config& config, migration::ConfigValues& values) {
  ProblemList& problems = values.problems();
  fs::path migrations = values.text("migrationsDir", config.migrations_directory);
  config.migrations_directory =
      (fs::path(config.directory) / migrations).lexically_normal().string();
  if (auto node = values.find("changelogCollection")) {
    config.changelog_collection =
        migration::read_collection(*node, "changelogCollection", problems);
  }
  if (auto node = values.find("lockCollection")) {
    config.lock_collection = migration::read_collection(*node, "lockCollection", problems);
  }
  auto lock = values.find("lockCollection");
  if (config.lock_collection == config.changelog_collection && !config.lock_collection.empty()) {
    problems.add(lock ? *lock : YamlNode{},
                 "lockCollection and changelogCollection must be two collections");
  }
  if (auto node = values.find("lockTtl")) {
    config.lock_ttl_seconds = migration::read_integer(*node, "lockTtl", 0, INT32_MAX, problems);
  }
  if (auto node = values.find("useFileHash")) {
    config.use_file_hash = migration::read_bool(*node, "useFileHash", problems);
  }
  if (auto node = values.find("protected")) {
    config.is_protected = migration::read_bool(*node, "protected", problems);
  }
  if (auto node = values.find("requires")) {
    config.required_evidence = migration::read_names(*node, "requires", problems);
  }
}

void read_windows(Windows& windows, migration::ConfigValues& values) {
  auto texts = values.list("windows");
  auto parsed = Windows::parse(texts);
  if (parsed) windows = std::move(parsed).value();
  else values.problems().add(values.find("windows").value_or(YamlNode{}), parsed.error().message);
}

NotifyConfig read_notify(const YamlNode& merged, const std::string& file) {
  NotifyConfig notify;
  ProblemList problems(file);
  if (const YamlNode* list = merged.find("notify")) {
    notify.receivers = migration::read_receivers(*list, problems);
  }
  notify.problems = text_of(problems);
  return notify;
}

void read_log(LogConfig& log, migration::ConfigValues& values) {
  if (auto node = values.find("log.maxSize")) {
    log.max_size = migration::read_bytes(*node, "log.maxSize", values.problems());
  }
  if (auto node = values.find("log.keep")) {
    log.keep = migration::read_integer(*node, "log.keep", 0, 1000, values.problems());
  }
}

/// The environment to merge, "" for none.
Result<std::string> choose_environment(const ConfigSources& sources, const YamlNode& root,
                                       const std::string& file) {
  std::string name = sources.environment;
  std::string source = "-e";
  if (name.empty()) {
    name = variable("WHIMBREL_ENV");
    source = "WHIMBREL_ENV";
  }
  const YamlNode* environments = root.find("environments");
  if (name.empty()) {
    std::string node_env = variable("NODE_ENV");
    return environments && environments->find(node_env) ? node_env : std::string();
  }
  if (environments && environments->find(name)) return name;
  std::vector<std::string> known;
  if (environments) {
    for (const auto& entry : environments->entries) known.push_back(entry.key.text);
  }
  std::string hint = known.empty()
                         ? fmt::format("add 'environments: {{ {}: {{}} }}' to the file", name)
                         : fmt::format("the file has {}", join(known, ", "));
  return Error{ErrorKind::kBadConfig,
               fmt::format("{} has no environment '{}', which {} asks for{}", file, name, source,
                           did_you_mean(name, known)),
               hint};
}

void read_node(NodeConfig& node, migration::ConfigValues& values) {
  node.command = values.text("node.command", node.command);
  if (auto loaders = values.find("node.loaders")) {
    node.loaders = migration::read_names(*loaders, "node.loaders", values.problems());
  }
  if (auto timeout = values.find("node.transformTimeout")) {
    node.transform_timeout = std::chrono::milliseconds(
        migration::read_duration(*timeout, "node.transformTimeout", values.problems()));
  }
  std::string command = variable("WHIMBREL_NODE");
  if (!command.empty()) node.command = command;
}

void read_backup(Config& config, migration::ConfigValues& values) {
  fs::path directory = values.text("backup.directory", config.backup.directory);
  config.backup.directory = (fs::path(config.directory) / directory).lexically_normal().string();
  if (auto before = values.find("backup.before")) {
    config.backup.before = migration::read_names(*before, "backup.before", values.problems());
  }
}

/// What the JavaScript file knows goes before the defaults and behind everything else.
void take_script_config(Config& config, const ScriptConfig& script) {
  config.uri = script.uri.value_or(config.uri);
  config.database = script.database.value_or(config.database);
  config.migrations_directory = script.migrations_directory.value_or(config.migrations_directory);
  config.changelog_collection = script.changelog_collection.value_or(config.changelog_collection);
  config.lock_collection = script.lock_collection.value_or(config.lock_collection);
  config.lock_ttl_seconds = script.lock_ttl_seconds.value_or(config.lock_ttl_seconds);
  config.migration_extension = script.migration_extension.value_or(".js");
  config.module_system = script.module_system.value_or(config.module_system);
  config.use_file_hash = script.use_file_hash;
}

Status check_extension(const Config& config) {
  if (config.migration_extension.empty() || config.migration_extension.starts_with(".")) return {};
  return Error{ErrorKind::kBadConfig,
               fmt::format("{}: migrationFileExtension must start with a dot, not '{}'",
                           config.script_file, config.migration_extension)};
}

/// The YAML file's tree; an empty mapping when the project has only a JavaScript file.
Result<YamlNode> read_yaml(const migration::ConfigFile& file, ProblemList& problems) {
  YamlNode empty;
  empty.kind = YamlNode::Kind::kMapping;
  if (file.path.empty()) return empty;
  std::string text = TRY(migration::read_config_text(file.path));
  auto root = file.path.ends_with(".json") ? migration::parse_json(text, problems)
                                           : migration::parse_yaml(text, problems);
  if (root) migration::check_config(*root, problems);
  return root ? std::move(*root) : empty;
}

}  // namespace

bool apply_nice(std::string_view name, EngineConfig& engine, ThrottleConfig& throttle) {
  using std::chrono::milliseconds;
  if (name == "gentle") {
    engine.workers = 1;
    engine.batch_docs = 500;
    engine.batch_time = milliseconds(50);
    throttle.max_lag = milliseconds(2'000);
    throttle.max_dirty_cache = 0.05;
    throttle.flow_control = true;
  } else if (name == "normal") {
    throttle.max_lag = milliseconds(5'000);
    throttle.max_dirty_cache = 0.15;
  } else if (name == "fast") {
    engine.workers = 0;
    engine.batch_docs = 5'000;
    engine.batch_time = milliseconds(500);
  } else {
    return false;
  }
  return true;
}

Result<Config> load_config(const ConfigSources& sources, const ReadScriptConfig& read_script) {
  Config config;
  std::error_code ignored;
  fs::path directory = sources.directory.empty() ? fs::current_path(ignored)
                                                 : fs::absolute(sources.directory, ignored);
  config.directory = directory.lexically_normal().string();
  migration::ConfigFile file = TRY(migration::find_config_file(config.directory, sources.file));
  config.file = file.path;
  config.script_file = file.javascript;
  Overrides overrides = TRY(read_overrides(sources));
  ProblemList problems(file.shown());
  YamlNode root = TRY(read_yaml(file, problems));
  if (!problems.empty()) return bad_config(problems);

  config.environment = TRY(choose_environment(sources, root, file.shown()));
  YamlNode merged = migration::merged_config(root, config.environment);
  migration::ConfigValues values(merged, file.shown(), problems);
  read_node(config.node, values);
  ScriptConfig script;
  if (!file.javascript.empty() && read_script) {
    if (!problems.empty()) return bad_config(problems);
    script = TRY(read_script(file.javascript, config.node));
    take_script_config(config, script);
    TRY(check_extension(config));
  }
  read_project(config, values);
  apply_nice(values.text("engine.nice", ""), config.engine, config.throttle);
  read_engine(config.engine, values);
  config.throttle = migration::read_throttle(values, config.throttle);
  read_windows(config.windows, values);
  read_backup(config, values);
  read_log(config.log, values);
  config.notify = read_notify(merged, file.shown());
  TRY(choose_server(config, overrides, values));
  if (!problems.empty()) return bad_config(problems);
  config.driver_uri = config.uri;
  auto own = migration::merge_driver_options(config.uri, script.driver_options);
  config.uri = std::move(own.uri);
  config.unmapped_options = std::move(own.unmapped);
  return config;
}

}  // namespace whimbrel
