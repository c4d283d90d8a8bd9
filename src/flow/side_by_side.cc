#include "flow/side_by_side.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace whimbrel {
namespace {

/// What has ended, runs, and may begin. Thread-safe.
class Board {
 public:
  explicit Board(const std::vector<Slot>& slots) : slots_(slots), places_(slots.size()) {}

  /// The next to begin; nullopt when none will any more. Waits while that depends on others.
  std::optional<size_t> next(const Stop& stop) {
    std::unique_lock lock(mutex_);
    while (true) {
      if (!first_failure_ || stop.requested()) return std::nullopt;
      bool any_left = false;
      for (size_t i = 0; i < places_.size(); ++i) {
        if (places_[i] != Place::kWaits) continue;
        any_left = true;
        if (!may_begin(i)) continue;
        places_[i] = Place::kRuns;
        return i;
      }
      if (!any_left) return std::nullopt;
      changed_.wait(lock);
    }
  }

  void ended(size_t index, Status end) {
    std::lock_guard lock(mutex_);
    places_[index] = Place::kEnded;
    if (!end && first_failure_) first_failure_ = std::move(end);
    changed_.notify_all();
  }

  /// The first failure, or none.
  Status outcome() { return std::move(first_failure_); }

 private:
  enum class Place { kWaits, kRuns, kEnded };

  bool may_begin(size_t index) const {
    const auto& after = slots_[index].after;
    return std::all_of(after.begin(), after.end(),
                       [&](size_t other) { return places_[other] == Place::kEnded; });
  }

  const std::vector<Slot>& slots_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Place> places_;
  Status first_failure_;
};

/// The same project for another thread.
Result<std::unique_ptr<Project>> twin_of(const Project& project) {
  mongo::Client client = TRY(project.client.another(mongo::kAnyAnswer));
  return std::make_unique<Project>(Project{project.config, std::move(client), project.database,
                                           project.scripts->another(project.config)});
}

}  // namespace

Status apply_side_by_side(const UpSetting& setting, const std::vector<Slot>& slots,
                          const std::function<Status(const UpSetting&, size_t)>& apply) {
  std::vector<std::unique_ptr<Project>> twins;
  for (size_t i = 0; i < std::min(slots.size(), kMostSideBySide); ++i) {
    twins.push_back(TRY(twin_of(setting.project)));
  }
  Board board(slots);
  std::vector<std::jthread> threads;
  for (auto& twin : twins) {
    threads.emplace_back([&] {
      while (auto index = board.next(setting.stop)) {
        // One that fails stops its own lanes only.
        Stop stop(&setting.stop);
        UpSetting own{*twin,           setting.lock,      setting.reporter, stop,
                      setting.block,   setting.overrides, setting.in_doubt, setting.given,
                      setting.throttle};
        board.ended(*index, apply(own, *index));
      }
    });
  }
  threads.clear();
  Status end = board.outcome();
  if (end && setting.stop.requested()) return setting.stop.error();
  return end;
}

}  // namespace whimbrel
