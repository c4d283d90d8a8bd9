#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/help_steering.h"

namespace whimbrel {
namespace {

constexpr const char* kExitCodes = R"(Exit codes
  0    done, or nothing to do
  1    a migration or a check failed, or `lint` found an error
  2    with --exit-code only: something is pending
  3    finished, but documents are in quarantine, or were left alone by `down`
  4    stopped by a limit, a window, `pause` with --no-wait, or `cancel`; resumable with `whimbrel up`
  64   wrong usage
  65   bad migration file
  66   project, file or name not found
  69   server unreachable
  70   bug in whimbrel
  73   cannot write a file
  75   the lock is held by another process
  77   not authorised
  78   bad configuration
  130  SIGINT, 143 SIGTERM: after the running batches were finished and saved
)";

constexpr const char* kFiles =
    R"(Migration files: migrations/yyyyMMddHHmmss-description.yaml (also .yml, .json), in the order of their names
  description: text
  steps:
    - update: COLLECTION       where: FILTER   with: PIPELINE or OPERATORS   arrayFilters   check   journal   batch   workers
    - delete: COLLECTION       where: FILTER
    - copy: COLLECTION         to: COLLECTION   where: FILTER   with: PIPELINE
    - insert: COLLECTION       documents: [ { _id: …, … } ]
    - createIndexes: COLLECTION   indexes: [ { key: {…}, … } ]
    - dropIndexes: COLLECTION     indexes: [ NAME, … ]
    - createCollection: COLLECTION   options: {…}
    - dropCollection: COLLECTION     irreversible: true
    - renameCollection: COLLECTION   to: COLLECTION
    - collMod: COLLECTION            validator: {…}
    - command: {…}                   reverse: {…}
  down: journal | [ steps ]
  environments: [ … ]   tags: [ … ]   transaction: true
  check items: { none: FILTER }  { all: FILTER }  { count: FILTER, equals: N }  { aggregate: PIPELINE, empty: true }
Values are Extended JSON; YAML 1.2: `no` and `on` are strings.
)";

constexpr const char* kConfig =
    R"(whimbrel.yaml, or what migrate-mongo-config.js says and whimbrel.yaml adds to
  mongodb: { uri | uriFile, database }
  migrationsDir: migrations   changelogCollection: changelog   lockCollection: changelog_lock
  lockTtl: 0                  seconds after which migrate-mongo's TTL index removes a lock; 0: never
  useFileHash: false          as migrate-mongo: the changelog keeps file hashes
  engine:
    workers: 1                lanes: auto, or 1 to 256
    batch: { docs: 1000, bytes: 8MiB, time: 100ms }     the most of one batch
    maxErrors: 0              documents that may go to quarantine: 10, or "0.1%"
    journal: on               pre-images, for `whimbrel down`
    journalKeep: 30d          how long they are kept
    nice: normal              gentle, normal or fast: what a run may take of the database
  throttle:                   slower, then fewer lanes, then a pause; off, or
    maxLag: 2s                of any secondary
    maxDirtyCache: 15%        maxTickets: 80%    maxQueue: 20    maxOps: 5000 (a second, of the server)
    flowControl: on           pause while the server holds writes back
    maxRate: 2000             documents a second of the run
    on_unknown: pause         or ignore: what a signal that cannot be read means
    custom: { command: {…}, path: a.b, max: 10 }  or  { collection: C, where: {…}, max: 10 }
  windows: [ "Mon-Fri 22:00-06:00 Europe/Berlin", "except 2026-12-24..2026-12-26 Europe/Berlin" ]
  node: { command: node, loaders: [], transformTimeout: 60s }
  environments:               each with the sections above, merged over them, and
    NAME: { protected: true, requires: [ test, rehearsal, verify, backup ] }
  backup:
    directory: backups        where `whimbrel backup` keeps them
    before: [ NAME ]          environments in which `up` makes one before it begins
  notify:                     who is told: a list, each with webhook: URL, command: TEXT or [words], or email: ADDRESS
    - { webhook: "${SLACK_URL}", format: slack, on: [ finished, failed, paused ], timeout: 10s }
    - { command: ./page.sh, on: [ quarantine ], above: 100 }
                              on: started paused resumed failed finished quarantine; [ failed, finished ] unless given
  log: { maxSize: 100MiB, keep: 10 }                    when a log file is put aside, and how many are kept
${VAR} and ${VAR:-default} are taken from the environment; unknown and repeated keys are refused.
)";

constexpr const char* kEnvironment = R"(Environment variables
  WHIMBREL_URI, WHIMBREL_URI_FILE, WHIMBREL_DB   the database
  WHIMBREL_ENV, NODE_ENV                         the environment
  WHIMBREL_OUTPUT                                text, json or ndjson
  WHIMBREL_NO_INPUT                              never ask
  NO_COLOR, CI                                   respected
  WHIMBREL_NODE                                  the Node.js that runs JavaScript

Called as `migrate-mongo`, or with --compat in front, whimbrel takes migrate-mongo 14's command line.
)";

const std::map<std::string, const char*>& topics() {
  static const std::map<std::string, const char*> table = {{"exit-codes", kExitCodes},
                                                           {"files", kFiles},
                                                           {"config", kConfig},
                                                           {"environment", kEnvironment}};
  return table;
}

}  // namespace

Result<int> run_version(const Arguments& arguments) {
  if (arguments.output == Output::kText) fmt::print("whimbrel {}\n", WHIMBREL_VERSION);
  else fmt::print("{{\"name\":\"whimbrel\",\"version\":\"{}\"}}\n", WHIMBREL_VERSION);
  return 0;
}

Result<int> run_help(const Arguments& arguments) {
  std::string topic = arguments.words.empty() ? "" : arguments.words.front();
  auto names = command_names();
  bool is_command = std::find(names.begin(), names.end(), topic) != names.end();
  if (topic.empty() || is_command) {
    fmt::print("{}", help_text(topic));
    return 0;
  }
  if (auto found = topics().find(topic); found != topics().end()) {
    fmt::print("{}", found->second);
    return 0;
  }
  if (topic == "steering") {
    fmt::print("{}", steering_table());
    return 0;
  }
  names.emplace_back("steering");
  for (const auto& [name, text] : topics()) names.push_back(name);
  return Error{ErrorKind::kUsage,
               fmt::format("no help on '{}'{}", topic, did_you_mean(topic, names)),
               "whimbrel help"};
}

}  // namespace whimbrel
