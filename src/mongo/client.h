// One connection to a MongoDB deployment, its sessions and cursors.
//
// A Client, and everything made from it, belongs to one thread at a time; `another()` makes a
// second one for a second thread. Commands go to the primary. No method retries by itself, unless
// ride_out() asks for it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "mongo/bson.h"

namespace whimbrel::mongo {

/// What kind of deployment answers, and what it can do.
struct Server {
  enum class Topology { kStandalone, kReplicaSet, kSharded };
  Topology topology = Topology::kStandalone;
  std::string version;  ///< "6.0.5"
  int major = 0;
  int minor = 0;
  std::string set_name;  ///< "" unless a replica set

  /// Multi-document transactions: replica sets from 4.0, sharded clusters from 4.2.
  bool has_transactions() const;
  /// `$documents` as the first stage of a database aggregate (5.1) and `let` in updates (5.0).
  bool has_documents_stage() const { return major > 5 || (major == 5 && minor >= 1); }
  /// "replicaset", "standalone" or "sharded".
  std::string topology_text() const;
};

struct ConnectOptions {
  std::string uri;
  std::chrono::milliseconds server_selection{10'000};  ///< used unless the URI sets its own
};

/// How long a connection waits for one answer before it is given up for broken. A transaction lives
/// for 60 s at most.
inline constexpr std::chrono::milliseconds kUsualAnswer{60'000};
/// An index may take a week to build. Whether the other machine lives, the driver's keepalive finds
/// out within four minutes.
inline constexpr std::chrono::milliseconds kAnyAnswer{std::chrono::hours(24 * 7)};

/// How sure a write must be before it returns. Inside a transaction the commit decides.
enum class Durability {
  kMajority,      ///< `{w: "majority", j: true}`: survives a crash and a change of primary
  kAcknowledged,  ///< `{w: 1}`: for data that a later majority write covers
};

/// Initialises the driver, which takes some milliseconds; connecting does it by itself. For those
/// who are about to wait for something else first.
void prepare_driver();

class Session;

class Client {
 public:
  /// Connects and asks who is there. Waits for answers as long as it takes, but see ride_out(). A
  /// socketTimeoutMS in the connection string goes before every limit here. Errors: kUnreachable
  /// (no answer, with the hosts and the reason), kNotAuthorised, kBadConfig (not a connection
  /// string). No message carries the password.
  static Result<Client> connect(const ConnectOptions& options);
  /// A further connection with the same options that waits for a primary up to 30 s instead of
  /// failing at the first look, and for each answer no longer than `answer`.
  Result<Client> another(std::chrono::milliseconds answer = kUsualAnswer) const;

  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();

  const Server& server() const;
  /// The database named in the connection string, or "".
  std::string default_database() const;
  std::string redacted_uri() const;
  /// What its connections are called in the server's list of operations (appName).
  std::string application() const;
  /// The server's clock in milliseconds since the epoch: read when connecting, counted on since
  /// then.
  int64_t server_time() const;

  /// `announce` is called with the id of every session before its first use, on this client and on
  /// all that another() makes; whoever must end this process's transactions later needs them.
  using AnnounceSession = std::function<Status(Client&, View lsid)>;
  void announce_sessions(AnnounceSession announce);

  /// From here on, a command outside of a transaction that fails for a moment (a broken connection,
  /// a change of primary) is repeated for up to `patience`, or until the process is asked to stop,
  /// if that changes nothing: reads, and whatever is written to `collections`, whose writers
  /// promise it. So do the clients that another() makes. Transactions, and commands on
  /// `collections` but deletions of many, have from here on a connection of their own that waits
  /// kUsualAnswer.
  void ride_out(std::chrono::milliseconds patience, const std::vector<std::string>& collections);
  /// What ride_out() was given; 0 before.
  std::chrono::milliseconds patience() const;

  /// One of several mongos that a cursor stays with; 0: none yet.
  using Router = uint32_t;

  /// Runs a command. A reply with `ok: 0` is an Error; `writeErrors` are left to the caller. With
  /// `router`, in a sharded cluster, it goes to that one, or to any, which is noted there.
  Result<Document> run(std::string_view database, View command, Session* session = nullptr,
                       Router* router = nullptr);

  /// For this room only.
  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  explicit Client(std::unique_ptr<Impl> impl);
  Result<Document> run_command(std::string_view database, View command, Session* session,
                               Router* router);
  std::unique_ptr<Impl> impl_;
};

/// A server session; at most one open transaction. Its Client must outlive it.
class Session {
 public:
  static Result<Session> start(Client& client);
  /// One for `command`, which reads outside of transactions: nobody will have to end it, so it is
  /// not announced.
  static Result<Session> start_reading(Client& client, View command);
  Session(Session&&) noexcept;
  ~Session();  ///< Aborts an open transaction.

  /// Snapshot read concern. With kAcknowledged the commit returns before a majority has it: a
  /// change of primary may then take the whole transaction back.
  Status begin(Durability durability = Durability::kMajority);
  /// Retries by itself as long as the outcome is unknown, up to `patience`. After an error with
  /// Retry::kUnknownCommit the transaction may have been committed.
  Status commit(std::chrono::milliseconds patience = std::chrono::seconds(60));
  /// Never fails: a transaction that cannot be reached dies on the server.
  void abort();
  bool in_transaction() const;

  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  explicit Session(std::unique_ptr<Impl> impl);
  Status commit_once();
  std::unique_ptr<Impl> impl_;
};

/// Ends the transactions of these sessions (`{id: UUID}` each), whoever's they were. A transaction
/// of a killed process would otherwise keep its documents locked until the server's
/// transactionLifetimeLimitSeconds (60 s).
Status kill_sessions(Client& client, const std::vector<Document>& lsids);

/// What libmongoc has to say goes to `sink` (level, text); nowhere until this is called.
/// Thread-safe `sink` required; set once at the start of the process.
void set_driver_log(std::function<void(std::string_view, std::string_view)> sink);

}  // namespace whimbrel::mongo
