#include "engine/lanes.h"

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

}  // namespace

Status run_lanes(mongo::Client& client, const LaneShared& shared) {
  std::vector<std::unique_ptr<mongo::Client>> clients;
  for (int i = 0; i < shared.task.workers; ++i) {
    clients.push_back(std::make_unique<mongo::Client>(TRY(client.another())));
  }
  // The run's own connection waits for answers as long as it takes.
  mongo::Client carving = TRY(client.another());
  ApplicationWatch watch(TRY(watching_client(client, shared.progress)), shared.task);
  std::vector<Status> ends(clients.size());
  std::vector<std::jthread> threads;
  for (size_t i = 0; i < clients.size(); ++i) {
    threads.emplace_back([&, i] {
      ends[i] = run_lane(std::move(clients[i]), shared, watch);
      if (!ends[i]) shared.stop.request(Stop::Reason::kFailed);
    });
  }
  shared.ranges.carve_ahead(carving);
  threads.clear();
  Status first;
  for (Status& end : ends) {
    if (!end && (first || is_only_stopped(first))) first = std::move(end);
  }
  return first;
}

}  // namespace whimbrel
