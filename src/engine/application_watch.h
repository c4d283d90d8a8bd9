// Notices a live application beside the lanes, and keeps their pace such that its writes stay
// quick.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "base/progress.h"
#include "engine/pace.h"
#include "engine/task.h"
#include "state/pulse.h"

namespace whimbrel {

/// A door that every batch goes through, and that can be closed until all are out. Thread-safe.
class StillDoor {
 public:
  /// Waits while the door is closed, or until stopping was requested.
  void enter(const Stop& stop);
  void leave();
  /// Closes it and waits until nobody is inside, at most that long. False if somebody still is.
  bool close(std::chrono::milliseconds patience);
  void open();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool closed_ = false;
  int inside_ = 0;
};

/// A client for a watch over what `progress` says is still to do; none for what is done in a few
/// seconds, below 20,000 documents.
Result<std::unique_ptr<mongo::Client>> watching_client(mongo::Client& client,
                                                       const Progress& progress);

/// At the start and every ten seconds, the lanes hold still between two batches for 100 ms.
/// Whatever the server counts on the collection meanwhile (`$collStats`, which the role `read`
/// allows) is an application's. With one there, small writes of our own are timed, then and while
/// the lanes work (state/pulse.h), and Pace follows them; without, nothing is written.
///
/// Nothing that goes wrong here ends a run: the lanes then go on at the pace they have.
class ApplicationWatch {
 public:
  /// Starts a thread that uses `client` and tells `progress`, which outlives it. Without a client
  /// nobody watches.
  ApplicationWatch(std::unique_ptr<mongo::Client> client, const DocumentTask& task,
                   Progress& progress);
  ~ApplicationWatch();

  const Pace& pace() const { return pace_; }

  /// A lane's batch, as long as it lives.
  class Turn {
   public:
    Turn(ApplicationWatch& watch, const Stop& stop) : door_(watch.door_) { door_.enter(stop); }
    ~Turn() { door_.leave(); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    StillDoor& door_;
  };

 private:
  using Milliseconds = std::chrono::milliseconds;
  struct Use {
    int64_t reads = 0;
    int64_t writes = 0;
  };

  void watch();
  Status listen();
  Status hear();
  Status follow(Milliseconds duration);
  Result<Use> read_use();
  Result<Pace::Duration> slow_beat(int beats, Milliseconds apart);
  bool sleep(Milliseconds duration);

  std::unique_ptr<mongo::Client> client_;
  Progress& progress_;
  std::string database_;
  std::string collection_;
  Pace pace_;
  StillDoor door_;
  std::mutex mutex_;
  std::condition_variable_any ended_;
  std::stop_token end_;  ///< the thread's own
  std::jthread thread_;  ///< last: it uses all others
};

}  // namespace whimbrel
