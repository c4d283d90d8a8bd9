// What `monitor` shows: the health of the deployment, its slow operations, and who migrates.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "flow/project.h"
#include "mongo/health.h"
#include "mongo/operations.h"

namespace whimbrel {

/// Operations per second between two samples.
struct OpRates {
  double insert = 0, query = 0, update = 0, remove = 0, getmore = 0, command = 0;
  double sum() const { return insert + query + update + remove + getmore + command; }
};

/// nullopt for the first sample, and where the counters began anew: another server answered, or it
/// was started again.
std::optional<OpRates> rates_between(const mongo::Health& before, const mongo::Health& now);

/// A run whose process holds the lock.
struct RunAtWork {
  std::string file;
  std::string state;  ///< "running", "undoing"
  std::string who;    ///< "user@host, pid 4711"
  int64_t done = 0, total = 0;
  std::string held;  ///< "paused: by deploy@ops1", why it does not simply run; "" when it does
};

struct MonitorSample {
  mongo::Health health;
  std::optional<OpRates> rates;
  std::optional<std::vector<mongo::SlowOperation>> operations;  ///< the longest first
  std::optional<std::vector<RunAtWork>> runs;
  std::string lock;  ///< who holds it; "" for nobody, or where that is unknown
  /// Why something is not there: "replication: not authorised", once a part, in a fixed order.
  struct Missing {
    std::string part;
    std::string why;
    bool not_authorised = false;
    bool operator==(const Missing&) const = default;
  };
  std::vector<Missing> missing;

  /// Whether the user may read nothing of all this.
  bool is_empty() const;
};

/// Reads by a connection of its own and writes nothing. Belongs to one thread.
class Monitor {
 public:
  /// Errors: as of Client::another(). `project` must outlive it.
  static Result<Monitor> open(const Project& project);

  /// kUnreachable and the like when nobody answers; the next call tries again. What changes slowly
  /// or costs the server more (oplog, disk) is asked once a minute.
  Result<MonitorSample> read();

 private:
  Monitor(const Project& project, std::unique_ptr<mongo::Client> client);
  void keep_slow_parts(mongo::Health& health, bool asked);
  Status read_operations(MonitorSample& sample);
  Status read_runs(MonitorSample& sample);
  Result<std::vector<RunAtWork>> runs_at_work(const std::optional<LockHolder>& lock);

  const Project* project_;
  std::unique_ptr<mongo::Client> client_;  // where the probe finds it, however this is moved
  mongo::HealthProbe probe_;
  std::optional<mongo::Health> last_;
  std::optional<mongo::Health> slow_;  // that of the last reading that asked for everything
  std::chrono::steady_clock::time_point slow_read_{};
};

}  // namespace whimbrel
