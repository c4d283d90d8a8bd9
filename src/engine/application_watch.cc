#include "engine/application_watch.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace whimbrel {

using mongo::Array;
using mongo::Document;
using mongo::make_document;
using std::chrono::milliseconds;

namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t kFewDocuments = 20'000;
constexpr milliseconds kBetween{10'000};
// Holding still may cost this part of the time, whatever batches take.
constexpr int kShareOfTime = 100;
// Lanes that take longer to come out of a batch are not waited for.
constexpr milliseconds kPatience{1'000};
constexpr milliseconds kListens{100};
// One that was there is given longer before it counts as gone.
constexpr milliseconds kListensAgain{200};
constexpr int kQuietBeats = 80;
// Without a pause the beats alone would be as much work as one more writer.
constexpr milliseconds kQuietApart{3};
constexpr int kBeats = 32;
constexpr milliseconds kApart{10};
constexpr double kSlow = 0.9;
// Slices are carved while lanes hold still, and the reading of the counters counts.
constexpr int64_t kOwnReads = 4;

}  // namespace

void StillDoor::enter(const Stop& stop) {
  std::unique_lock lock(mutex_);
  while (closed_ && !stop.requested()) changed_.wait_for(lock, milliseconds(20));
  ++inside_;
}

void StillDoor::leave() {
  std::lock_guard lock(mutex_);
  --inside_;
  changed_.notify_all();
}

bool StillDoor::close(milliseconds patience) {
  std::unique_lock lock(mutex_);
  closed_ = true;
  return changed_.wait_for(lock, patience, [this] { return inside_ == 0; });
}

void StillDoor::open() {
  std::lock_guard lock(mutex_);
  closed_ = false;
  changed_.notify_all();
}

Result<std::unique_ptr<mongo::Client>> watching_client(mongo::Client& client,
                                                       const Progress& progress) {
  if (progress.total - progress.scanned < kFewDocuments) return std::unique_ptr<mongo::Client>();
  return std::make_unique<mongo::Client>(TRY(client.another()));
}

ApplicationWatch::ApplicationWatch(std::unique_ptr<mongo::Client> client, const DocumentTask& task,
                                   Progress& progress)
    : client_(std::move(client)),
      progress_(progress),
      database_(task.database),
      collection_(task.collection()),
      pace_(task.limits.time) {
  if (!client_) return;
  door_.close(milliseconds(0));  // the first batch, too, waits for the first listening
  thread_ = std::jthread([this](std::stop_token end) {
    end_ = std::move(end);
    watch();
  });
}

ApplicationWatch::~ApplicationWatch() {
  thread_.request_stop();
}

void ApplicationWatch::watch() {
  bool beats = false;
  milliseconds pause{0};
  while (sleep(pause)) {
    auto started = Clock::now();
    (void)listen();
    auto took = std::chrono::duration_cast<milliseconds>(Clock::now() - started);
    pause = std::max(kBetween, took * kShareOfTime);
    if (!pace_.knows_application()) continue;
    beats = true;
    // What is left of the pause after an error is waited for all the same.
    auto begun = Clock::now();
    (void)follow(pause);
    pause -= std::chrono::duration_cast<milliseconds>(Clock::now() - begun);
  }
  if (beats) (void)Pulse(*client_, database_).remove();
}

Status ApplicationWatch::listen() {
  bool still = door_.close(kPatience);
  Status heard = still ? hear() : Status();
  door_.open();
  return heard;
}

Status ApplicationWatch::hear() {
  Use before = TRY(read_use());
  sleep(pace_.knows_application() ? kListensAgain : kListens);
  Use after = TRY(read_use());
  bool is_there = after.writes > before.writes || after.reads - before.reads > kOwnReads;
  if (is_there) {
    pace_.is_beside(TRY(slow_beat(kQuietBeats, kQuietApart)));
  } else {
    pace_.is_alone();
    progress_.felt_us = 0;
  }
  return {};
}

Status ApplicationWatch::follow(milliseconds duration) {
  auto end = Clock::now() + duration;
  while (Clock::now() < end && !end_.stop_requested()) {
    Pace::Duration felt = TRY(slow_beat(kBeats, kApart));
    progress_.felt_us = std::llround(felt.count() * 1000);
    pace_.felt(felt);
  }
  return {};
}

/// Through a mongos there is one answer for each shard.
Result<ApplicationWatch::Use> ApplicationWatch::read_use() {
  Document stage = make_document("$collStats", make_document("latencyStats", Document()));
  Array pipeline;
  pipeline.add(stage);
  Use use;
  mongo::Collection collection(*client_, database_, collection_);
  for (const Document& shard : TRY(collection.aggregate_all(pipeline.view()))) {
    auto reads = shard.view().at_path("latencyStats.reads.ops");
    auto writes = shard.view().at_path("latencyStats.writes.ops");
    if (reads) use.reads += reads->as_int();
    if (writes) use.writes += writes->as_int();
  }
  return use;
}

Result<Pace::Duration> ApplicationWatch::slow_beat(int beats, milliseconds apart) {
  Pulse pulse(*client_, database_);
  std::vector<Pace::Duration> took;
  for (int i = 0; i < beats && sleep(apart); ++i) took.push_back(TRY(pulse.beat()));
  if (took.empty()) return Stop::error_of(Stop::Reason::kFailed);
  auto slow =
      took.begin() + static_cast<std::ptrdiff_t>(kSlow * static_cast<double>(took.size() - 1));
  std::nth_element(took.begin(), slow, took.end());
  return *slow;
}

/// False when the watch has ended.
bool ApplicationWatch::sleep(milliseconds duration) {
  std::unique_lock lock(mutex_);
  ended_.wait_for(lock, end_, duration, [this] { return end_.stop_requested(); });
  return !end_.stop_requested();
}

}  // namespace whimbrel
