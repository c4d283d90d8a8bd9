#include "engine/lanes.h"

#include <deque>
#include <thread>

#include "engine/application_watch.h"

namespace whimbrel {
namespace {

/// A lane's end, seen from outside: a driver's own trouble must not take the process down.
Status run_lane(std::unique_ptr<mongo::Client> client, const LaneShared& shared,
                ApplicationWatch& watch) {
  ++shared.progress.lanes;
  Status ended = Lane(std::move(client), shared, watch).run();
  shared.ranges.leave();
  --shared.progress.lanes;
  return ended;
}

bool is_only_stopped(const Status& end) {
  return end.error().message == Stop::error_of(Stop::Reason::kFailed).message;
}

/// The lanes at work. One thread adds at a time.
class Crew {
 public:
  Crew(const LaneShared& shared, ApplicationWatch& watch) : shared_(shared), watch_(watch) {}

  void add(std::unique_ptr<mongo::Client> client) {
    Status& end = ends_.emplace_back();
    threads_.emplace_back([this, &end, own = std::move(client)]() mutable {
      end = run_lane(std::move(own), shared_, watch_);
      if (!end) shared_.stop.request(Stop::Reason::kFailed);
    });
  }

  /// Adds lanes as long as more are wanted.
  void hire(mongo::Client& client, const std::stop_token& ended) {
    while (!ended.stop_requested()) {
      auto lanes = static_cast<int>(threads_.size());
      if (!shared_.throttle.wants_more_than(lanes, ended, kLook)) continue;
      auto another = client.another();
      if (!another) return;
      shared_.ranges.join();
      add(std::make_unique<mongo::Client>(std::move(another).value()));
    }
  }

  /// Waits for all. The first failure that is a lane's own.
  Status finish() {
    threads_.clear();
    Status first;
    for (Status& end : ends_) {
      if (!end && (first || is_only_stopped(first))) first = std::move(end);
    }
    return first;
  }

 private:
  static constexpr std::chrono::milliseconds kLook{1000};

  const LaneShared& shared_;
  ApplicationWatch& watch_;
  std::deque<Status> ends_;  // a lane refers to its own
  std::vector<std::jthread> threads_;
};

}  // namespace

Status run_lanes(mongo::Client& client, const LaneShared& shared) {
  std::vector<std::unique_ptr<mongo::Client>> clients;
  for (int i = 0; i < shared.task.workers; ++i) {
    clients.push_back(std::make_unique<mongo::Client>(TRY(client.another())));
  }
  // The run's own connection waits for answers as long as it takes.
  mongo::Client carving = TRY(client.another());
  mongo::Client hiring = TRY(client.another());
  ApplicationWatch watch(TRY(watching_client(client, shared.progress)), shared.task,
                         shared.progress);
  Crew crew(shared, watch);
  for (auto& own : clients) crew.add(std::move(own));
  {
    std::jthread hires([&](const std::stop_token& ended) { crew.hire(hiring, ended); });
    shared.ranges.carve_ahead(carving);
  }
  return crew.finish();
}

}  // namespace whimbrel
