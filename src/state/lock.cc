#include "state/lock.h"

#include <fmt/format.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/retry.h"
#include "base/text.h"
#include "state/changelog.h"

namespace whimbrel {

using mongo::Collection;
using mongo::Document;
using mongo::make_document;
using mongo::View;

namespace {

constexpr const char* kLockId = "whimbrel";
// A heartbeat whose connection is stuck must find out before the lease ends.
constexpr std::chrono::seconds kHeartbeatAnswer{10};
constexpr int kDuplicateKey = 11000;

int64_t lease_milliseconds() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(kLease).count();
}

/// The server must not remove the lock as too old between two renewals.
std::chrono::milliseconds beat_interval(int64_t ttl_seconds) {
  std::chrono::milliseconds usual = kHeartbeat;
  return ttl_seconds > 0 ? std::min(usual, std::chrono::milliseconds(ttl_seconds * 1000 / 3))
                         : usual;
}

Collection locks_of(mongo::Client& client, const LockPlace& place) {
  return Collection(client, place.database, place.collection);
}

Result<int64_t> server_time(mongo::Client& client) {
  Document hello = TRY(client.run("admin", make_document("hello", 1)));
  return hello.view().get_int("localTime");
}

Result<LockHolder> read_holder(View document, const LockPlace& place, int64_t now) {
  TRY(check_version(document, place.collection));
  LockHolder holder;
  holder.owner = document.get_string("owner");
  holder.is_foreign = holder.owner.empty();
  holder.process.host = document.get_string("host");
  holder.process.user = document.get_string("user");
  holder.process.pid = document.get_int("pid");
  holder.process.boot = document.get_string("boot");
  holder.process.start = document.get_int("start");
  holder.command = document.get_string("command");
  holder.since = document.get_int("since", document.get_int("createdAt"));
  holder.heartbeat = document.get_int("heartbeat");
  holder.expires_at = document.get_int("expiresAt");
  for (const mongo::Value& session : document.get_document("sessions").elements()) {
    holder.sessions.emplace_back(session.as_document());
  }
  holder.expired = !holder.is_foreign && holder.expires_at < now;
  return holder;
}

/// The whole lock document as an aggregation expression, with the server's time.
Document lock_expression(const std::string& owner, const ProcessIdentity& process,
                         const std::string& command) {
  Document lease_end;
  lease_end.append_array("$add", mongo::Array()
                                     .add("$$NOW")
                                     .add(*make_document("", lease_milliseconds()).view().find(""))
                                     .view());
  Document lock = make_document("_id", kLockId, "v", kStateVersion, "createdAt", "$$NOW");
  lock.append("owner", owner).append("command", command);
  lock.append("host", make_document("$literal", process.host));
  lock.append("user", make_document("$literal", process.user));
  lock.append("pid", process.pid).append("boot", process.boot).append("start", process.start);
  lock.append("since", "$$NOW").append("heartbeat", "$$NOW").append("expiresAt", lease_end);
  return lock;
}

/// Replaces the document by ours if it is free, expired, or owned by `dead_owner`.
Document acquire_pipeline(const Document& ours, const std::string& dead_owner) {
  mongo::Array free_if;
  free_if.add(Document::from_json(R"({"$eq": [{"$type": "$owner"}, "missing"]})").value());
  free_if.add(Document::from_json(R"({"$lt": ["$expiresAt", "$$NOW"]})").value());
  Document is_dead;
  is_dead.append_array("$eq", mongo::Array().add("$owner").add(dead_owner).view());
  if (!dead_owner.empty()) free_if.add(is_dead);
  Document any;
  any.append_array("$or", free_if.view());
  Document choice;
  choice.append_array("$cond", mongo::Array().add(any).add(ours).add("$$ROOT").view());
  Document holder;
  holder.append_array("pipeline", mongo::Array().add(make_document("$replaceWith", choice)).view());
  return holder;
}

Error lost() {
  return Error{ErrorKind::kLockHeld, "the lock was lost to another process", "whimbrel status"};
}

Error held_error(const LockHolder& holder) {
  if (holder.is_foreign) {
    return Error{ErrorKind::kLockHeld,
                 fmt::format("cannot take the lock: migrate-mongo holds it since {}",
                             iso_time(holder.since)),
                 "wait for it to end; if it crashed: whimbrel unlock --force"};
  }
  return Error{ErrorKind::kLockHeld, fmt::format("cannot take the lock: held by {}", holder.text()),
               "wait for it: whimbrel up --wait 10m; or look: whimbrel status"};
}

Result<int64_t> next_epoch(mongo::Client& client, const std::string& database) {
  Collection runs(client, database, kRunsCollection);
  Document filter = make_document("_id", "epoch");
  auto last = TRY(runs.find_one(filter));
  if (last) TRY(check_version(*last, kRunsCollection));
  Document update = make_document("u", make_document("$inc", make_document("epoch", int64_t{1}),
                                                     "$max", make_document("v", kStateVersion)));
  auto counter = TRY(runs.find_and_update(filter, *update.view().find("u"), mongo::Upsert::kYes));
  return counter->view().get_int("epoch");
}

}  // namespace

std::string LockHolder::text() const {
  if (is_foreign) return fmt::format("migrate-mongo, since {}", iso_time(since));
  return fmt::format("{}@{}, pid {}, whimbrel {}, since {}, last heard of {}", process.user,
                     process.host, process.pid, command, iso_time(since), iso_time(heartbeat));
}

Result<std::optional<LockHolder>> read_lock(mongo::Client& client, const LockPlace& place) {
  int64_t now = TRY(server_time(client));
  // Our own first: while it stands, a second document can only be a mistake of the other tool.
  Collection locks = locks_of(client, place);
  auto document = TRY(locks.find_one(make_document("_id", kLockId)));
  if (!document && place.foreign == ForeignLocks::kRespected) {
    document = TRY(locks.find_one(View()));
  }
  if (!document) return std::optional<LockHolder>();
  return std::optional<LockHolder>(TRY(read_holder(*document, place, now)));
}

Result<bool> break_lock(mongo::Client& client, const LockPlace& place, const LockHolder& holder) {
  Document theirs = holder.is_foreign ? make_document("owner", make_document("$exists", false))
                                      : make_document("_id", kLockId, "owner", holder.owner);
  auto found = TRY(locks_of(client, place).find_one(theirs));
  if (!found) return false;
  // Their open transactions end first: what they lock would keep the next owner waiting.
  LockHolder now = TRY(read_holder(*found, place, 0));
  TRY(kill_sessions(client, now.sessions));
  auto outcome = TRY(locks_of(client, place).remove_many(theirs));
  return outcome.matched > 0;
}

struct Lock::Impl {
  mongo::Client* client;
  LockPlace place;
  std::string owner;
  int64_t epoch = 0;
  bool held = true;
  std::mutex mutex;
  std::condition_variable wake;
  bool ending = false;  // guarded by mutex
  std::thread heartbeat;

  Document ours() const { return make_document("_id", kLockId, "owner", owner); }
  Result<bool> renew(mongo::Client& with) const;
  void beat(mongo::Client own, Stop& stop);
  void end_heartbeat();
};

Result<bool> Lock::Impl::renew(mongo::Client& with) const {
  Document renewed = lock_expression(owner, ProcessIdentity{}, "");
  Document fields;
  for (std::string_view key : {"createdAt", "heartbeat", "expiresAt"}) {
    fields.append(key, *renewed.view().find(key));
  }
  Document statement = make_document("q", ours());
  statement.append_array("u", mongo::Array().add(make_document("$set", fields)).view());
  auto outcome =
      TRY(locks_of(with, place).write("update", "updates", mongo::Array().add(statement)));
  TRY(outcome.all_accepted());
  return outcome.matched == 1;
}

void Lock::Impl::beat(mongo::Client own, Stop& stop) {
  auto last_success = std::chrono::steady_clock::now();
  std::unique_lock guard(mutex);
  while (!wake.wait_for(guard, beat_interval(place.ttl_seconds), [&] { return ending; })) {
    guard.unlock();
    auto asked = std::chrono::steady_clock::now();
    auto renewed = renew(own);
    if (renewed && *renewed) last_success = asked;
    if (renewed && !*renewed) stop.request(Stop::Reason::kLockLost);
    if (std::chrono::steady_clock::now() - last_success > kLease) {
      stop.request(Stop::Reason::kLeaseEnded);
    }
    guard.lock();
  }
}

void Lock::Impl::end_heartbeat() {
  {
    std::lock_guard guard(mutex);
    ending = true;
  }
  wake.notify_all();
  if (heartbeat.joinable()) heartbeat.join();
}

namespace {

/// An index with another TTL, from before lockTtl was changed, is left as it is.
Status keep_ttl_index(const Collection& locks, int64_t seconds) {
  constexpr int kOptionsConflict = 85;
  if (seconds <= 0) return {};
  Document index = make_document("key", make_document("createdAt", 1), "name", "createdAt_1",
                                 "expireAfterSeconds", seconds);
  Document command = make_document("createIndexes", locks.name());
  command.append_array("indexes", mongo::Array().add(index).view());
  auto made = locks.client().run(locks.database(), command);
  if (made || made.error().server_code == kOptionsConflict) return {};
  return std::move(made).error();
}

/// One attempt; the holder when somebody else has it.
Result<std::optional<LockHolder>> try_acquire(mongo::Client& client, const Lock::Request& request,
                                              const std::string& owner) {
  Collection locks = locks_of(client, request.place);
  auto existing = TRY(read_lock(client, request.place));
  if (existing && existing->is_foreign) return existing;
  std::string dead = existing && is_known_dead(existing->process) ? existing->owner : "";
  bool takes_over = existing && (existing->expired || !dead.empty());
  if (takes_over) TRY(kill_sessions(client, existing->sessions));
  Document ours = lock_expression(owner, this_process(), request.command);
  Document pipeline = acquire_pipeline(ours, dead);
  auto result = locks.find_and_update(make_document("_id", kLockId),
                                      *pipeline.view().find("pipeline"), mongo::Upsert::kYes);
  if (!result && result.error().server_code == kDuplicateKey)
    return read_lock(client, request.place);
  auto document = TRY(std::move(result));
  int64_t now = TRY(server_time(client));
  LockHolder holder = TRY(read_holder(*document, request.place, now));
  if (holder.owner != owner) return std::optional<LockHolder>(holder);
  if (request.place.foreign == ForeignLocks::kIgnored) return std::optional<LockHolder>();
  // migrate-mongo looks first and writes later; whoever of the two comes second steps back.
  auto foreign = TRY(locks.find_one(make_document("_id", make_document("$ne", kLockId))));
  if (!foreign) return std::optional<LockHolder>();
  TRY(locks.remove_many(make_document("_id", kLockId, "owner", owner)));
  return std::optional<LockHolder>(TRY(read_holder(*foreign, request.place, now)));
}

}  // namespace

namespace {

/// Keeps the ids of this process's sessions in the lock, for whoever may have to take it over.
mongo::Client::AnnounceSession announcer(const LockPlace& place, const std::string& owner) {
  return [place, owner](mongo::Client& client, View lsid) -> Status {
    Document add = make_document("$addToSet", make_document("sessions", lsid));
    TRY(locks_of(client, place).update_one(make_document("_id", kLockId, "owner", owner), add));
    return {};
  };
}

}  // namespace

Result<Lock> Lock::acquire(mongo::Client& client, const Request& request, Stop& stop) {
  auto impl = std::make_unique<Impl>();
  impl->client = &client;
  impl->place = request.place;
  impl->owner = mongo::new_object_id();
  auto give_up = std::chrono::steady_clock::now() + request.wait;
  bool said = false;
  while (auto holder = TRY(try_acquire(client, request, impl->owner))) {
    if (std::chrono::steady_clock::now() >= give_up) return held_error(*holder);
    if (!said && request.on_wait) request.on_wait(*holder);
    said = true;
    if (!stop.sleep(std::chrono::milliseconds(200))) return stop.error();
  }
  Lock taken(std::move(impl));  // released again by whatever fails from here on
  TRY(taken.start(stop));
  return taken;
}

/// With the lock document in place: what belongs to holding it.
Status Lock::start(Stop& stop) {
  mongo::Client& client = *impl_->client;
  const LockPlace& place = impl_->place;
  TRY(keep_ttl_index(locks_of(client, place), place.ttl_seconds));
  impl_->epoch = TRY(next_epoch(client, place.database));
  TRY(locks_of(client, place)
          .update_one(impl_->ours(), make_document("$set", make_document("epoch", impl_->epoch))));
  client.announce_sessions(announcer(place, impl_->owner));
  mongo::Client own = TRY(client.another(kHeartbeatAnswer));
  Impl* raw = impl_.get();
  raw->heartbeat = std::thread(
      [raw, &stop](mongo::Client with) { raw->beat(std::move(with), stop); }, std::move(own));
  return {};
}

Lock::Lock(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Lock::Lock(Lock&&) noexcept = default;
Lock::~Lock() {
  if (impl_ && impl_->held) (void)release();
}

int64_t Lock::epoch() const {
  return impl_->epoch;
}

Status Lock::assert_held(mongo::Client& client, mongo::Session* session) const {
  Document touch = make_document("$inc", make_document("asserted", 1));
  auto outcome = TRY(
      locks_of(client, impl_->place).update_one(impl_->ours(), touch, mongo::Upsert::kNo, session));
  if (outcome.matched == 1) return {};
  return lost();
}

Status Lock::look(mongo::Client& client) const {
  if (TRY(locks_of(client, impl_->place).find_one(impl_->ours()))) return {};
  return lost();
}

Status Lock::release() {
  impl_->held = false;
  impl_->end_heartbeat();
  // No Stop here: the release must not be cut short by what ended the run.
  TRY(retry_transient(
      Stop(), [&] { return locks_of(*impl_->client, impl_->place).remove_one(impl_->ours()); },
      {.patience = std::chrono::seconds(10)}));
  return {};
}

}  // namespace whimbrel
