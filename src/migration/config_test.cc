#include "migration/config.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "migration/expansion.h"

namespace whimbrel {
namespace {

namespace fs = std::filesystem;

/// A project directory that goes away again, and an environment without whimbrel's variables.
class Project {
 public:
  Project() {
    char name[] = "/tmp/whimbrel-config-XXXXXX";
    directory_ = mkdtemp(name);
    for (const char* variable : {"WHIMBREL_URI", "WHIMBREL_DB", "WHIMBREL_URI_FILE", "WHIMBREL_ENV",
                                 "WHIMBREL_NODE", "NODE_ENV", "T_URL", "T_EMPTY"}) {
      unsetenv(variable);
    }
  }
  ~Project() { fs::remove_all(directory_); }
  Project(const Project&) = delete;
  Project& operator=(const Project&) = delete;

  Project& file(const std::string& name, const std::string& text) {
    std::ofstream(fs::path(directory_) / name) << text;
    return *this;
  }
  Project& yaml(const std::string& text) { return file("whimbrel.yaml", text); }
  Result<Config> load(ConfigSources sources = {}) const {
    sources.directory = directory_;
    return load_config(sources);
  }
  Config config(ConfigSources sources = {}) const {
    auto config = load(std::move(sources));
    if (!config) FAIL(config.error().message);
    return std::move(config).value();
  }
  Error error(ConfigSources sources = {}) const {
    auto config = load(std::move(sources));
    REQUIRE_FALSE(config);
    return config.error();
  }
  const std::string& directory() const { return directory_; }

 private:
  std::string directory_;
};

bool contains(const std::string& text, const std::string& part) {
  bool found = text.find(part) != std::string::npos;
  if (!found) MESSAGE(text);
  return found;
}

constexpr const char* kSample = R"(
mongodb: { uri: "${T_URL:-mongodb://127.0.0.1:27017}", database: shop }
migrationsDir: changes
changelogCollection: changelog
lockCollection: changelog_lock
lockTtl: 5
useFileHash: true
engine:   { workers: 2, batch: { docs: 500, bytes: 4MiB, time: 200ms }, maxErrors: "0.1%",
            journal: on, journalKeep: 7d }
throttle: { maxLag: 2s, maxDirtyCache: 15%, maxRate: off, on_unknown: pause }
windows:  [ "Mon-Fri 22:00-06:00 Europe/Berlin" ]
backup:   { directory: ./backups, before: [production] }
notify:   [ { webhook: "${SLACK_URL}", on: [finished, failed, paused] } ]
node:     { command: node, loaders: [] }
environments:
  production:
    { mongodb: { uri: "${PROD_URL}" }, protected: true, requires: [test, rehearsal, backup] }
  small: { engine: { batch: { docs: 5 }, workers: auto, maxErrors: 3 } }
)";

TEST_CASE("every key of the contract's sample is read, and what is not obeyed yet is named") {
  Project project;
  Config config = project.yaml(kSample).config();
  CHECK(config.uri == "mongodb://127.0.0.1:27017");
  CHECK(config.database == "shop");
  CHECK(config.directory == project.directory());
  CHECK(config.migrations_directory == project.directory() + "/changes");
  CHECK(config.lock_ttl_seconds == 5);
  CHECK(config.use_file_hash);
  CHECK_FALSE(config.is_protected);
  CHECK(config.engine.workers == 2);
  CHECK(config.engine.batch_docs == 500);
  CHECK(config.engine.batch_bytes == 4 << 20);
  CHECK(config.engine.batch_time.count() == 200);
  CHECK(config.engine.max_errors_share == doctest::Approx(0.001));
  CHECK(config.engine.journal);
  CHECK(config.engine.journal_keep == std::chrono::hours(24 * 7));
  CHECK(
      contains(config.notify.problems, ":13:24: notify needs the environment variable SLACK_URL"));
}

TEST_CASE("an empty file gives the defaults") {
  Project project;
  Config config = project.yaml("# nothing yet\n").config();
  CHECK(config.uri == "mongodb://127.0.0.1:27017");
  CHECK(config.database.empty());
  CHECK(config.migrations_directory == project.directory() + "/migrations");
  CHECK(config.changelog_collection == "changelog");
  CHECK(config.engine.workers == 1);
}

TEST_CASE("an environment is merged deeply over the rest") {
  Project project;
  project.yaml(kSample);
  Config config = project.config({.environment = "small"});
  CHECK(config.environment == "small");
  CHECK(config.engine.batch_docs == 5);
  CHECK(config.engine.batch_bytes == 4 << 20);
  CHECK(config.engine.workers == 0);
  CHECK(config.engine.max_errors == 3);
  CHECK(config.engine.max_errors_share == 0);
  setenv("PROD_URL", "mongodb://prod", 1);
  config = project.config({.environment = "production"});
  unsetenv("PROD_URL");
  CHECK(config.uri == "mongodb://prod");
  CHECK(config.database == "shop");
  CHECK(config.is_protected);
  CHECK(config.required_evidence == std::vector<std::string>{"test", "rehearsal", "backup"});
}

TEST_CASE("the environment's name comes from -e, then WHIMBREL_ENV, then NODE_ENV") {
  Project project;
  project.yaml("environments:\n  a: { lockTtl: 1 }\n  b: { lockTtl: 2 }\n  c:\n");
  setenv("NODE_ENV", "c", 1);
  CHECK(project.config().environment == "c");
  setenv("WHIMBREL_ENV", "b", 1);
  CHECK(project.config().lock_ttl_seconds == 2);
  CHECK(project.config({.environment = "a"}).lock_ttl_seconds == 1);
  setenv("WHIMBREL_ENV", "bb", 1);
  Error error = project.error();
  CHECK(error.kind == ErrorKind::kBadConfig);
  CHECK(contains(error.message, "no environment 'bb', which WHIMBREL_ENV asks for"));
  unsetenv("WHIMBREL_ENV");
  setenv("NODE_ENV", "unheard", 1);
  CHECK(project.config().environment.empty());
  CHECK(contains(project.error({.environment = "aa"}).hint, "a, b, c"));
}

TEST_CASE("flags go over WHIMBREL_ variables, those over the file") {
  Project project;
  project.yaml("mongodb: { uri: mongodb://file, database: file }");
  project.file("secret", "  mongodb://from-file\n");
  CHECK(project.config().uri == "mongodb://file");
  setenv("WHIMBREL_URI", "mongodb://variable", 1);
  setenv("WHIMBREL_DB", "variable", 1);
  CHECK(project.config().uri == "mongodb://variable");
  CHECK(project.config().database == "variable");
  CHECK(project.config({.uri = "mongodb://flag", .database = "flag"}).uri == "mongodb://flag");
  CHECK(project.config({.database = "flag"}).database == "flag");
  CHECK(project.config({.uri_file = "secret"}).uri == "mongodb://from-file");
  unsetenv("WHIMBREL_URI");
  setenv("WHIMBREL_URI_FILE", "secret", 1);
  CHECK(project.config().uri == "mongodb://from-file");
  setenv("WHIMBREL_URI", "mongodb://variable", 1);
  CHECK(contains(project.error().message, "are both set"));
  CHECK(project.error({.uri = "mongodb://a", .uri_file = "b"}).kind == ErrorKind::kUsage);
}

TEST_CASE("a uriFile replaces a weaker uri, and the other way round") {
  Project project;
  project.file("secret", "mongodb://from-file\n");
  project.yaml(
      "mongodb: { uri: mongodb://top }\nenvironments: { e: { mongodb: { uriFile: secret } } }");
  CHECK(project.config({.environment = "e"}).uri == "mongodb://from-file");
  project.yaml(
      "mongodb: { uriFile: secret }\nenvironments: { e: { mongodb: { uri: mongodb://e } } }");
  CHECK(project.config({.environment = "e"}).uri == "mongodb://e");
  project.yaml("mongodb: { uriFile: missing }");
  CHECK(project.error().kind == ErrorKind::kNotFound);
  CHECK(contains(project.error().message, "/missing"));
  project.yaml("mongodb: { uriFile: secret, uri: mongodb://x }");
  CHECK(contains(project.error().message, "whimbrel.yaml:1:12: mongodb has 'uri' and 'uriFile'"));
}

TEST_CASE("variables are needed only where their value is used") {
  Project project;
  project.yaml("mongodb:\n  uri: ${T_URL}\nengine: { workers: \"${T_WORKERS:-3}\" }");
  Error error = project.error();
  CHECK(error.kind == ErrorKind::kBadConfig);
  CHECK(contains(error.message,
                 "whimbrel.yaml:2:8: mongodb.uri needs the environment variable T_URL"));
  CHECK(project.config({.uri = "mongodb://flag"}).engine.workers == 3);
  setenv("T_URL", "mongodb://set", 1);
  CHECK(project.config().uri == "mongodb://set");
  project.yaml("engine:\n  workers: ${T_URL}");
  CHECK(contains(project.error().message, "workers must be auto"));
}

TEST_CASE("variables expand with defaults and escapes") {
  using migration::expand;
  auto lookup = [](const std::string& name) -> std::optional<std::string> {
    if (name == "A") return "a${B}";
    if (name == "EMPTY") return "";
    return std::nullopt;
  };
  const std::pair<std::string, std::string> kCases[] = {
      {"plain $A", "plain $A"},
      {"${A}", "a${B}"},
      {"x${A}y${A}z", "xa${B}ya${B}z"},
      {"${NO:-d}", "d"},
      {"${NO:-}", ""},
      {"${EMPTY:-d}", "d"},
      {"[${EMPTY}]", "[]"},
      {"$${A}", "${A}"},
      {"a$${A}${A}", "a${A}a${B}"},
      {"${NO:-mongodb://h:1}/x", "mongodb://h:1/x"}};
  for (const auto& [text, expected] : kCases) {
    CAPTURE(text);
    auto expanded = expand(text, lookup);
    REQUIRE(expanded);
    CHECK(expanded->text == expected);
    CHECK(expanded->unset.empty());
  }
  CHECK(expand("${NO}", lookup)->unset == "NO");
  for (const char* bad : {"${A", "${}", "${1A}", "${A B}", "${A:-${B}}"}) {
    CHECK_FALSE(expand(bad, lookup));
  }
}

TEST_CASE("unknown keys and wrong values are refused with their place") {
  struct Bad {
    std::string yaml;
    std::string message;
  };
  const Bad kCases[] = {
      {"migrationDir: x",
       ":1:1: unknown key 'migrationDir' of whimbrel.yaml (did you mean 'migrationsDir'?)"},
      {"lockTtl: 1\nlockTtl: 2", ":2:1: the key 'lockTtl' is already on line 1"},
      {"mongodb: { url: x }", ":1:12: unknown key 'url' of mongodb"},
      {"mongodb: mongodb://u:secret@h", ":1:10: mongodb must be a mapping, not the text"},
      {"'mongodb://u:secret@h': 1", "unknown key"},
      {"mongodb: { database: 5 }", ":1:22: mongodb.database must be text (in quotes)"},
      {"mongodb: { database: a.b }", "cannot be a database name"},
      {"mongodb: { uri: 'u:secret@h' }", ":1:17 does not start with mongodb://"},
      {"lockTtl: -1", "at least 0"},
      {"useFileHash: yes", "true or false"},
      {"changelogCollection: a$b", "must not contain '$'"},
      {"lockCollection: changelog", "must be two collections"},
      {"engine: { workers: 0 }", ":1:20: workers must be auto"},
      {"engine: { batch: { docs: 0 } }", "engine.batch.docs must be a whole number"},
      {"engine: { batch: { bytes: x } }", "engine.batch.bytes must be a size"},
      {"engine: { batch: { time: 5 } }", "engine.batch.time must be a duration"},
      {"engine: { batch: { time: 10m } }", "engine.batch.time must be a duration of at most 30s"},
      {"engine: { batch: { bytes: 500GiB } }",
       "engine.batch.bytes must be a size of at most 48MiB"},
      {"engine: { maxErrors: 1.5 }", "engine.maxErrors must be"},
      {"engine: { maxErrors: 101% }", "engine.maxErrors must be"},
      {"engine: { journal: maybe }", "on or off"},
      {"throttle: { maxLag: fast }", "throttle.maxLag must be a duration"},
      {"throttle: { maxRate: 0 }", "throttle.maxRate"},
      {"throttle: { on_unknown: explode }", "allowed: pause, ignore"},
      {"throttle: { custom: { command: x } }", "throttle.custom.command must be a mapping"},
      {"windows: always", "must be a list"},
      {"windows: [always]", "is no window"},
      {"log: { maxSize: big }", "log.maxSize must be a size"},
      {"log: { keep: -1 }", "log.keep must be a whole number"},
      {"log: { size: 1 }", "unknown key 'size' of log"},
      {"environments: { p: { protected: maybe } }",
       "environments.p.protected must be true or false"},
      {"environments: { p: { requires: [tests] } }", "did you mean 'test'?"},
      {"environments: { p: { environments: {} } }", "unknown key 'environments' of environments.p"},
      {"mongodb: { uri: '${T URL}' }", ":1:17: mongodb.uri: '${' must be followed"},
      {"a: b: c", ":1:5: a ':' is not allowed here"},
      {"[]", "must be a mapping"},
  };
  for (const Bad& bad : kCases) {
    Project project;
    Error error = project.yaml(bad.yaml).error();
    CAPTURE(bad.yaml);
    CHECK(error.kind == ErrorKind::kBadConfig);
    CHECK(contains(error.message, bad.message));
    CHECK(error.message.find("secret") == std::string::npos);
    CHECK(error.hint.find("secret") == std::string::npos);
  }
}

TEST_CASE("without a file the answer says how to get one") {
  Project project;
  Error error = project.error();
  CHECK(error.kind == ErrorKind::kNotFound);
  CHECK(error.message ==
        "neither whimbrel.yaml nor migrate-mongo-config.js in " + project.directory());
  CHECK(contains(error.hint, "whimbrel init -m yaml"));
  CHECK(project.error({.file = "other.yaml"}).kind == ErrorKind::kNotFound);
}

TEST_CASE("-f names the file, and .yml works") {
  Project project;
  project.file("whimbrel.yml", "lockTtl: 1").file("other.yaml", "lockTtl: 2");
  project.file("c.json", "{ \"lockTtl\": 3 }");
  CHECK(project.config().lock_ttl_seconds == 1);
  CHECK(project.config({.file = "other.yaml"}).lock_ttl_seconds == 2);
  CHECK(project.config({.file = "c.json"}).lock_ttl_seconds == 3);
  project.yaml("");
  CHECK(contains(project.error().message, "whimbrel.yaml and whimbrel.yml"));
}

ScriptConfig sample_script() {
  ScriptConfig script;
  script.uri = "mongodb://from-js";
  script.database = "jsdb";
  script.changelog_collection = "changes";
  script.migration_extension = ".ts";
  script.lock_ttl_seconds = 60;
  script.use_file_hash = true;
  script.driver_options = mongo::make_document("tlsCAFile", "/ca file.pem", "maxPoolSize", 5);
  script.driver_options.append("serverApi", mongo::make_document("version", "1"));
  return script;
}

TEST_CASE("a JavaScript file is enough, and whimbrel.yaml goes before it") {
  Project project;
  project.file("migrate-mongo-config.js", "");
  std::string asked;
  auto load = [&] {
    return load_config(
        {.directory = project.directory()},
        [&](const std::string& path, const NodeConfig& node) -> Result<ScriptConfig> {
          asked = path + " " + node.command;
          return sample_script();
        });
  };
  auto config = load();
  REQUIRE(config);
  CHECK(asked == project.directory() + "/migrate-mongo-config.js node");
  CHECK(config->driver_uri == "mongodb://from-js");
  CHECK(config->uri == "mongodb://from-js/?tlsCAFile=%2Fca%20file.pem");
  CHECK(config->unmapped_options == std::vector<std::string>{"serverApi"});
  CHECK(config->database == "jsdb");
  CHECK(config->changelog_collection == "changes");
  CHECK(config->lock_collection == "changelog_lock");
  CHECK(config->migration_extension == ".ts");
  CHECK(config->lock_ttl_seconds == 60);
  CHECK(config->use_file_hash);
  project.yaml("mongodb: { database: other }\nuseFileHash: false\nnode: { command: node20 }");
  config = load();
  REQUIRE(config);
  CHECK(asked.ends_with(" node20"));
  CHECK(config->database == "other");
  CHECK(config->driver_uri == "mongodb://from-js");
  CHECK_FALSE(config->use_file_hash);
}

}  // namespace
}  // namespace whimbrel
