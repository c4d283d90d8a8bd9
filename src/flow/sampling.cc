#include "flow/sampling.h"

#include <algorithm>

#include "flow/monitor.h"
#include "flow/slow_others.h"

namespace whimbrel {

namespace {

constexpr std::chrono::milliseconds kFirst{1000};
constexpr std::chrono::milliseconds kSeldomest{60'000};
constexpr int64_t kMany = 20'000;
/// After so many samples they are taken half as often.
constexpr int kAtOnePace = 60;

/// A server that is too busy to answer is not asked for longer.
constexpr std::chrono::milliseconds kPatience{1000};

void take_over(const mongo::Health& health, Sample& sample) {
  if (const mongo::MemberHealth* furthest = health.furthest_behind())
    sample.lag_seconds = furthest->lag_seconds;
  if (health.cache) {
    sample.cache_used_share = health.cache->used_share();
    sample.cache_dirty_share = health.cache->dirty_share();
  }
  if (health.tickets) sample.tickets_out_share = health.tickets->out_share();
  if (health.connections) sample.connections = health.connections->current;
  if (health.queue) sample.queue = health.queue->sum();
  sample.resident_bytes = health.resident_bytes;
}

void take_over(const SlowOthers& slow, Sample& sample) {
  sample.slow_operations = slow.count;
  if (slow.count == 0) return;
  sample.slowest = slow.longest;
  sample.slowest_seconds = slow.seconds;
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
  mongo::HealthProbe probe(client_);
  (void)Samples(client_, database_).add(key_, now(client_, probe));
}

void Sampling::work(const std::stop_token& ended) {
  std::chrono::milliseconds pause = kFirst;
  mongo::HealthProbe probe(*own_);
  for (int taken = 1;; ++taken) {
    std::unique_lock lock(mutex_);
    ends_.wait_for(lock, ended, pause, [] { return false; });
    if (ended.stop_requested()) return;
    (void)Samples(*own_, database_).add(key_, now(*own_, probe));
    if (taken % kAtOnePace == 0) pause = std::min(2 * pause, kSeldomest);
  }
}

Sample Sampling::now(mongo::Client& client, mongo::HealthProbe& probe) {
  Sample sample;
  sample.at = client.server_time();
  sample.scanned = progress_.scanned;
  sample.modified = progress_.modified;
  sample.quarantined = progress_.quarantined;
  sample.conflicts = progress_.conflicts;
  sample.lanes = progress_.lanes;
  sample.batch_ms = progress_.batch_ms;
  if (int64_t felt = progress_.felt_us; felt > 0)
    sample.write_ms = static_cast<double>(felt) / 1000;
  mongo::HealthParts parts = mongo::HealthParts::quick();
  parts.memory = true;
  parts.patience = kPatience;
  auto health = probe.read(parts);
  if (!health) return sample;
  take_over(*health, sample);
  if (auto slow = read_slow_others(client, kPatience)) take_over(*slow, sample);
  if (auto rates = last_ ? rates_between(*last_, *health) : std::nullopt)
    sample.ops_per_second = rates->sum();
  last_ = std::move(health).value();
  return sample;
}

}  // namespace whimbrel
