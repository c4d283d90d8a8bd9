#include "flow/scratch.h"

#include <charconv>

#include "base/process.h"
#include "flow/apply.h"

namespace whimbrel {

using mongo::Document;
using mongo::make_document;

namespace {

// Between making the database and writing the lock into it.
constexpr int64_t kTooYoungSeconds = 60;

/// When it was made, in seconds since the epoch: the first four bytes of an ObjectId.
int64_t made_at(std::string_view database) {
  std::string_view stamp = database.substr(kScratchPrefix.size(), 8);
  int64_t seconds = 0;
  std::from_chars(stamp.data(), stamp.data() + stamp.size(), seconds, 16);
  return seconds;
}

bool is_abandoned(const std::optional<LockHolder>& holder, std::string_view database,
                  int64_t server_time) {
  if (holder) return holder->expired || is_known_dead(holder->process);
  return server_time / 1000 - made_at(database) > kTooYoungSeconds;
}

Result<std::vector<std::string>> scratch_databases(mongo::Client& client) {
  Document name;
  name.append_regex("name", "^" + std::string(kScratchPrefix) + "[0-9a-f]{24}$", "");
  Document command = make_document("listDatabases", 1, "nameOnly", true, "filter", name);
  Document reply = TRY(client.run("admin", command));
  std::vector<std::string> names;
  for (const mongo::Value& one : reply.view().get_document("databases").elements()) {
    names.push_back(one.as_document().get_string("name"));
  }
  return names;
}

Status drop_database(mongo::Client& client, const std::string& database) {
  auto dropped = client.run(database, make_document("dropDatabase", 1));
  return dropped ? Status() : Status(std::move(dropped).error());
}

Result<Project> scratch_project(Project& real) {
  Config config = real.config;
  mongo::Client client = TRY(real.client.another(mongo::kAnyAnswer));
  std::string database = std::string(kScratchPrefix) + mongo::new_object_id();
  std::unique_ptr<Scripts> scripts = real.scripts->in_scratch(config, database, real.database);
  return Project{std::move(config), std::move(client), std::move(database), std::move(scripts)};
}

Error needs_rights(Error error) {
  if (error.kind != ErrorKind::kNotAuthorised) return error;
  error.hint =
      "trying a migration takes a database of its own beside yours: grant readWriteAnyDatabase, or "
      "try it against a copy on another server";
  return error;
}

}  // namespace

Status drop_left_scratches(mongo::Client& client, const std::string& lock_collection) {
  auto names = scratch_databases(client);
  if (!names) return {};
  for (const std::string& name : *names) {
    LockPlace place{.database = name, .collection = lock_collection};
    auto holder = TRY(read_lock(client, place));
    if (is_abandoned(holder, name, client.server_time())) TRY(drop_database(client, name));
  }
  return {};
}

Result<std::unique_ptr<Scratch>> Scratch::open(Project& real, const std::string& command,
                                               Stop& stop) {
  TRY(drop_left_scratches(real.client, real.config.lock_collection));
  std::unique_ptr<Scratch> scratch(new Scratch(TRY(scratch_project(real))));
  Project& project = scratch->project_;
  Lock::Request request{project.lock_place(), command, std::chrono::milliseconds(0), {}};
  auto lock = Lock::acquire(project.client, request, stop);
  if (!lock) return needs_rights(std::move(lock).error());
  scratch->lock_.emplace(std::move(*lock));
  TRY(ensure_state_collections(project));
  return scratch;
}

Scratch::~Scratch() {
  (void)drop();
}

Status Scratch::drop() {
  if (dropped_) return {};
  dropped_ = true;
  project_.scripts->end_host();  // nobody writes there any more
  Status gone = drop_database(project_.client, project_.database);
  if (lock_) (void)lock_->release();
  return gone;
}

}  // namespace whimbrel
