#include "flow/monitor.h"

#include <fmt/format.h>

#include <algorithm>

#include "flow/open_run.h"
#include "mongo/collection.h"
#include "mongo/impatient.h"
#include "state/runs.h"
#include "state/steering.h"

namespace whimbrel {

using mongo::HealthPart;
using mongo::make_document;

namespace {

constexpr std::chrono::seconds kAnswer{10};
constexpr std::chrono::seconds kSeldom{60};
constexpr size_t kMostOperations = 50;

bool is_silence(const Error& error) {
  return error.kind == ErrorKind::kUnreachable || error.retry != Retry::kNo;
}

MonitorSample::Missing missing_for(std::string part, const Error& error) {
  bool refused = error.kind == ErrorKind::kNotAuthorised;
  return {std::move(part), refused ? "not authorised" : error.message, refused};
}

/// Uptimes are in whole seconds: a quick restart shows in the counters alone.
bool was_restarted(const mongo::Health& before, const mongo::Health& now) {
  constexpr int64_t kRounding = 2000;
  int64_t up_before = 1000 * before.uptime_seconds.value_or(0);
  int64_t up_now = 1000 * now.uptime_seconds.value_or(0);
  if (now.at - up_now > before.at - up_before + kRounding) return true;
  const mongo::Opcounters &then = *before.opcounters, &later = *now.opcounters;
  return later.insert < then.insert || later.query < then.query || later.update < then.update ||
         later.remove < then.remove || later.getmore < then.getmore || later.command < then.command;
}

/// By what its process says of itself (docs/steering.md).
std::string held_text(const Run& run) {
  if (!run.steered || run.steered->state.empty()) return "";
  if (run.steered->state == to_text(SteeringState::kRunning)) return "";
  return fmt::format("{}: {}", run.steered->state, run.steered->reason);
}

}  // namespace

std::optional<OpRates> rates_between(const mongo::Health& before, const mongo::Health& now) {
  if (!before.opcounters || !now.opcounters || before.host != now.host) return std::nullopt;
  if (now.at <= before.at || was_restarted(before, now)) return std::nullopt;
  auto rate = [&](int64_t mongo::Opcounters::*counter) {
    int64_t more = (*now.opcounters).*counter - (*before.opcounters).*counter;
    return static_cast<double>(more) * 1000 / static_cast<double>(now.at - before.at);
  };
  using Counters = mongo::Opcounters;
  return OpRates{rate(&Counters::insert), rate(&Counters::query),   rate(&Counters::update),
                 rate(&Counters::remove), rate(&Counters::getmore), rate(&Counters::command)};
}

bool MonitorSample::is_empty() const {
  bool server = health.connections || health.opcounters || health.cache;
  return !server && health.members.empty() && !health.oplog_window_seconds && !health.disk &&
         !operations && !runs;
}

Monitor::Monitor(const Project& project, std::unique_ptr<mongo::Client> client)
    : project_(&project), client_(std::move(client)), probe_(*client_) {}

Result<Monitor> Monitor::open(const Project& project) {
  auto client =
      std::make_unique<mongo::Client>(TRY(mongo::impatient_client(project.client, kAnswer)));
  return Monitor(project, std::move(client));
}

/// What was not asked this time is as it was the last time.
void Monitor::keep_slow_parts(mongo::Health& health, bool asked) {
  if (asked) {
    slow_ = health;
    slow_read_ = std::chrono::steady_clock::now();
    return;
  }
  if (!slow_) return;
  health.oplog_window_seconds = slow_->oplog_window_seconds;
  health.disk = slow_->disk;
  for (const mongo::Unknown& unknown : slow_->unknown) {
    if (unknown.part == HealthPart::kOplog || unknown.part == HealthPart::kDisk)
      health.unknown.push_back(unknown);
  }
}

Status Monitor::read_operations(MonitorSample& sample) {
  auto operations = mongo::read_slow_operations(*client_, kMostOperations, kAnswer);
  if (operations) {
    sample.operations = std::move(operations).value();
    return {};
  }
  if (is_silence(operations.error())) return operations.error();
  sample.missing.push_back(missing_for("slow operations", operations.error()));
  return {};
}

Result<std::vector<RunAtWork>> Monitor::runs_at_work(const std::optional<LockHolder>& lock) {
  std::vector<RunAtWork> at_work;
  if (!lock || lock->is_foreign) return at_work;
  for (Run& run : TRY(Runs(*client_, project_->database).at_work())) {
    if (!is_at_work(run, lock)) continue;
    TRY(count_open_steps(*client_, project_->database, run));
    RunAtWork work{
        run.file, std::string(to_text(run.state)),
        fmt::format("{}@{}, pid {}", run.process.user, run.process.host, run.process.pid)};
    work.done = run.counts().scanned;
    work.total = run.total();
    work.held = held_text(run);
    at_work.push_back(std::move(work));
  }
  return at_work;
}

Status Monitor::read_runs(MonitorSample& sample) {
  auto lock = read_lock(*client_, project_->lock_place());
  auto runs = lock ? runs_at_work(*lock) : Result<std::vector<RunAtWork>>(lock.error());
  if (runs) {
    sample.runs = std::move(runs).value();
    if (*lock) sample.lock = (*lock)->text();
    return {};
  }
  if (is_silence(runs.error())) return runs.error();
  sample.missing.push_back(missing_for("runs", runs.error()));
  return {};
}

Result<MonitorSample> Monitor::read() {
  bool seldom = !slow_ || std::chrono::steady_clock::now() - slow_read_ >= kSeldom;
  mongo::HealthParts parts = mongo::HealthParts::everything(seldom ? project_->database : "");
  parts.oplog = seldom;
  parts.patience = kAnswer;
  MonitorSample sample;
  sample.health = TRY(probe_.read(parts));
  keep_slow_parts(sample.health, seldom);
  for (const mongo::Unknown& unknown : sample.health.unknown) {
    sample.missing.push_back(
        {std::string(to_text(unknown.part)), unknown.why, unknown.not_authorised});
  }
  TRY(read_operations(sample));
  TRY(read_runs(sample));
  if (last_) sample.rates = rates_between(*last_, sample.health);
  last_ = sample.health;
  return sample;
}

}  // namespace whimbrel
