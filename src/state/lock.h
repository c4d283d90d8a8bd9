// The lock: one document that says who may migrate this database, with a lease in server time.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/process.h"
#include "base/stop.h"
#include "mongo/collection.h"

namespace whimbrel {

/// How long a silent owner keeps the lock, and how often a living one says that it is there.
inline constexpr std::chrono::seconds kLease{30};
inline constexpr std::chrono::seconds kHeartbeat{5};

/// The lock document as it stands in the database.
struct LockHolder {
  std::string owner;  ///< "" for a lock that migrate-mongo wrote
  ProcessIdentity process;
  std::string command;  ///< "up", "down"
  int64_t since = 0;    ///< milliseconds, server time
  int64_t heartbeat = 0;
  int64_t expires_at = 0;
  bool expired = false;                   ///< by the server's clock
  std::vector<mongo::Document> sessions;  ///< that its transactions run in
  bool is_foreign = false;                ///< written by migrate-mongo: no owner, no lease

  /// "deploy@db-host, pid 4711, since 2026-11-23T01:08:54.412Z, last heard of 2 s ago"
  std::string text() const;
};

/// Whether locks that migrate-mongo wrote count.
enum class ForeignLocks {
  kRespected,
  kIgnored,  ///< as migrate-mongo itself has it where locking is switched off
};

/// Where the lock lives.
struct LockPlace {
  std::string database;
  std::string collection;   ///< `lockCollection`
  int64_t ttl_seconds = 0;  ///< migrate-mongo's TTL index is kept when above 0
  ForeignLocks foreign = ForeignLocks::kRespected;
};

/// Who holds the lock now; nullopt when it is free. Writes nothing.
Result<std::optional<LockHolder>> read_lock(mongo::Client& client, const LockPlace& place);

/// Takes the lock from `holder`, who notices at the next batch and writes no more. False, and
/// nothing is changed, when it is not `holder`'s any more; somebody else may have it now.
Result<bool> break_lock(mongo::Client& client, const LockPlace& place, const LockHolder& holder);

/// Holding it, a heartbeat thread renews the lease every kHeartbeat; `stop` is requested with
/// kLeaseEnded if that fails for a whole lease, with kLockLost if the document is no longer ours.
class Lock {
 public:
  struct Request {
    LockPlace place;
    std::string command;
    std::chrono::milliseconds wait{0};               ///< how long to wait for another holder
    std::function<void(const LockHolder&)> on_wait;  ///< called once when waiting starts
  };

  /// Takes the lock, or takes it over: from a process of this host that is known to be dead at
  /// once, from any other when its lease has ended. Errors: kLockHeld with who, where, since when.
  static Result<Lock> acquire(mongo::Client& client, const Request& request, Stop& stop);
  Lock(Lock&&) noexcept;
  ~Lock();  ///< Releases it if release() was not called; errors are lost then.

  /// Grows with every acquisition of this database's lock. Every state document that a run changes
  /// carries it, so that a holder that lost the lock cannot change one.
  int64_t epoch() const;

  /// An Error (kLockHeld) unless the lock is ours at this moment. Inside a transaction it also
  /// makes the commit fail if somebody takes the lock over meanwhile.
  /// A transaction that is older than the last heartbeat would be in conflict with it: see look().
  Status assert_held(mongo::Client& client, mongo::Session* session) const;
  /// As assert_held() outside of transactions, but it only looks: somebody may take the lock over
  /// right behind it.
  Status look(mongo::Client& client) const;

  Status release();

 private:
  struct Impl;
  explicit Lock(std::unique_ptr<Impl> impl);
  Status start(Stop& stop);
  std::unique_ptr<Impl> impl_;
};

}  // namespace whimbrel
