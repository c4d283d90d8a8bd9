#include "flow/sampling.h"

#include <algorithm>

namespace whimbrel {

using mongo::make_document;

namespace {

constexpr std::chrono::milliseconds kFirst{1000};
constexpr std::chrono::milliseconds kSeldomest{60'000};
constexpr int64_t kMany = 20'000;
/// After so many samples they are taken half as often.
constexpr int kAtOnePace = 60;

/// Seconds between the newest write of the primary and that of the secondary furthest behind.
std::optional<double> lag_of(mongo::Client& client) {
  if (!client.server().has_transactions()) return std::nullopt;
  auto status = client.run("admin", make_document("replSetGetStatus", 1));
  if (!status) return std::nullopt;
  int64_t primary = 0, furthest = 0;
  for (const mongo::Value& value : status->view().get_document("members").elements()) {
    mongo::View member = value.as_document();
    int64_t written = member.get_int("optimeDate");
    if (member.get_int("state") == 1) primary = written;
    if (member.get_int("state") == 2)
      furthest = furthest == 0 ? written : std::min(furthest, written);
  }
  if (primary == 0 || furthest == 0) return std::nullopt;
  return static_cast<double>(std::max<int64_t>(0, primary - furthest)) / 1000;
}

}  // namespace

Sampling::Sampling(mongo::Client& client, std::string database, StepKey key, int64_t documents,
                   const Progress& progress)
    : client_(client), database_(std::move(database)), key_(std::move(key)), progress_(progress) {
  if (documents < kMany) return;
  auto another = client.another();
  if (!another) return;
  own_ = std::move(another).value();
  thread_ = std::jthread([this](const std::stop_token& ended) { work(ended); });
}

void Sampling::finish() {
  if (thread_.joinable()) {
    thread_.request_stop();
    thread_.join();
  }
  (void)Samples(client_, database_).add(key_, now(client_));
}

void Sampling::work(const std::stop_token& ended) {
  std::chrono::milliseconds pause = kFirst;
  for (int taken = 1;; ++taken) {
    std::unique_lock lock(mutex_);
    ends_.wait_for(lock, ended, pause, [] { return false; });
    if (ended.stop_requested()) return;
    (void)Samples(*own_, database_).add(key_, now(*own_));
    if (taken % kAtOnePace == 0) pause = std::min(2 * pause, kSeldomest);
  }
}

Sample Sampling::now(mongo::Client& client) const {
  Sample sample;
  sample.at = client.server_time();
  sample.scanned = progress_.scanned;
  sample.modified = progress_.modified;
  sample.quarantined = progress_.quarantined;
  sample.conflicts = progress_.conflicts;
  sample.lanes = progress_.lanes;
  sample.batch_ms = progress_.batch_ms;
  sample.lag_seconds = lag_of(client);
  return sample;
}

}  // namespace whimbrel
