#include "flow/steer.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "flow/audited.h"
#include "flow/open_run.h"
#include "flow/run_settings.h"
#include "state/control.h"

namespace whimbrel {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLook{100};

SteeringState state_at_rest(const Run& run) {
  switch (run.state) {
    case RunState::kFailed:
      return SteeringState::kFailed;
    case RunState::kDone:
      return SteeringState::kDone;
    case RunState::kUndone:
      return SteeringState::kUndone;
    default:
      return SteeringState::kInterrupted;
  }
}

/// As its document has it, whoever may have died since.
bool is_marked_at_work(const Run& run) {
  return run.state == RunState::kRunning || run.state == RunState::kUndoing;
}

SteeringState state_of(const Run& run, bool alive) {
  if (!alive || !is_marked_at_work(run)) return state_at_rest(run);
  // Before its process has said anything of it, it simply runs.
  if (!run.steered || run.steered->state.empty()) return SteeringState::kRunning;
  return steering_state(run.steered->state);
}

/// A run that is at work goes before one that is open, and that before one that has ended.
bool goes_before(const Run& one, const Run& other) {
  if (is_marked_at_work(one) != is_marked_at_work(other)) return is_marked_at_work(one);
  if (one.is_open() != other.is_open()) return one.is_open();
  return one.updated_at > other.updated_at;
}

/// A script goes on in one piece.
Status check_kind(const SteeredRun& steered, SteeringEvent event) {
  bool holds = event == SteeringEvent::kPause || event == SteeringEvent::kCancel;
  bool at_work = steered.state == SteeringState::kRunning;
  if (!holds || !at_work || !is_script_run(steered.run)) return {};
  return Error{ErrorKind::kFailed,
               fmt::format("{} is a script, which runs in one piece: whimbrel cannot {} it",
                           steered.run.file, to_text(event)),
               fmt::format("wait for its end (whimbrel watch), or stop process {} on {} with "
                           "SIGTERM, which lets the script end first",
                           steered.run.process.pid, steered.run.process.host)};
}

/// To ask something of it would make its transaction begin again.
Error begun_whole(const SteeredRun& steered, SteeringEvent event) {
  return Error{
      ErrorKind::kFailed,
      fmt::format("{}: cannot {}: all of it is done in one transaction, which is under way",
                  steered.run.file, to_text(event)),
      "wait for its end, which is a matter of seconds: whimbrel watch"};
}

Status check(const SteeredRun& steered, SteeringEvent event) {
  if (steered.run.whole && steered.state == SteeringState::kRunning)
    return begun_whole(steered, event);
  const SteeringOutcome& outcome = steering_outcome(steered.state, event);
  if (outcome.kind != SteeringOutcome::Kind::kRefused) return check_kind(steered, event);
  return Error{ErrorKind::kFailed,
               fmt::format("{}: cannot {}: {}", steered.run.file, to_text(event), outcome.why),
               "whimbrel status"};
}

Result<Control> control_of(const SteerRequest& request, const Run& run, const RunLimits& limits) {
  Control control = run.control.value_or(Control{});
  ProcessIdentity me = this_process();
  control.by = fmt::format("{}@{}", me.user, me.host);
  control.why = request.why;
  if (request.event == SteeringEvent::kPause) control.wanted = Control::Wanted::kPause;
  if (request.event == SteeringEvent::kResume) control.wanted = Control::Wanted::kRun;
  if (request.event == SteeringEvent::kCancel) control.wanted = Control::Wanted::kCancel;
  bool cancelled = control.wanted == Control::Wanted::kCancel;
  if (request.event == SteeringEvent::kSet && cancelled) control.wanted = Control::Wanted::kRun;
  RunSettings tried = limits.settings;
  for (const auto& [key, value] : request.settings) TRY(apply_setting(tried, key, value));
  mongo::Document settings;
  for (const mongo::Value& old : control.settings.view().elements()) {
    bool replaced = std::any_of(request.settings.begin(), request.settings.end(),
                                [&](const auto& setting) { return setting.first == old.key(); });
    if (!replaced) settings.append(old.key(), old.as_string());
  }
  for (const auto& [key, value] : request.settings) settings.append(key, value);
  control.settings = std::move(settings);
  return control;
}

AuditRecord record_of(const SteerRequest& request, const Run& run) {
  mongo::Document options;
  for (const auto& [key, value] : request.settings) options.append(key, value);
  if (!request.why.empty()) options.append("why", request.why);
  AuditAction action = AuditAction::kPaused;
  if (request.event == SteeringEvent::kResume) action = AuditAction::kResumed;
  if (request.event == SteeringEvent::kCancel) action = AuditAction::kCancelled;
  if (request.event == SteeringEvent::kSet) action = AuditAction::kSet;
  return about_run(action, run, options);
}

Result<Run> read_again(Project& project, const std::string& id) {
  auto run = TRY(Runs(project.client, project.database).read_one(id));
  if (run) return *std::move(run);
  return Error{ErrorKind::kNotFound, "the run is gone from " + std::string(kRunsCollection),
               "whimbrel status"};
}

Result<SteerOutcome> wait_for_answer(Project& project, const std::string& id, int64_t number,
                                     const SteerRequest& request, const Stop& stop) {
  auto end = std::chrono::steady_clock::now() + request.patience;
  SteerOutcome outcome;
  while (true) {
    outcome.run = TRY(read_again(project, id));
    const auto& steered = outcome.run.steered;
    bool ended = !is_marked_at_work(outcome.run);
    bool cancelled = request.event == SteeringEvent::kCancel && ended;
    if ((steered && steered->number >= number && request.event != SteeringEvent::kCancel) ||
        (cancelled && outcome.run.is_open())) {
      if (steered && steered->number == number && !steered->refused.empty()) {
        return Error{ErrorKind::kFailed, "the run refuses: " + steered->refused};
      }
      return outcome;
    }
    if (ended) {
      outcome.answer = SteerOutcome::Answer::kEnded;
      return outcome;
    }
    if (std::chrono::steady_clock::now() >= end || !stop.sleep(kLook)) break;
  }
  outcome.answer = SteerOutcome::Answer::kSilent;
  return outcome;
}

}  // namespace

Result<SteeredRun> find_steered(Project& project, const std::string& migration) {
  auto holder = TRY(read_lock(project.client, project.lock_place()));
  auto runs = TRY(Runs(project.client, project.database).read());
  if (!migration.empty()) {
    History history = TRY(read_history(project));
    const Entry* entry = TRY(history.resolve(migration));
    std::erase_if(runs, [&](const Run& run) { return run.file != entry->name; });
  }
  auto meant = std::min_element(runs.begin(), runs.end(), goes_before);
  if (meant == runs.end()) {
    return Error{ErrorKind::kNotFound,
                 fmt::format("there is no run {}in database {}",
                             migration.empty() ? "" : "of " + migration + " ", project.database),
                 "whimbrel up"};
  }
  return SteeredRun{*meant, state_of(*meant, is_at_work(*meant, holder))};
}

Result<SteerOutcome> steer(Project& project, const SteerRequest& request, const Stop& stop) {
  SteeredRun steered = TRY(find_steered(project, request.migration));
  TRY(check(steered, request.event));
  Control control = TRY(control_of(request, steered.run, limits_of(project.config)));
  TRY(write_audit(project, record_of(request, steered.run)));
  Controls controls(project.client, project.database);
  int64_t number = TRY(controls.request(steered.run.id, steered.run.epoch, control));
  if (number == 0) {
    return Error{ErrorKind::kFailed, steered.run.file + ": another process took it over just now",
                 "try again, or: whimbrel status"};
  }
  bool kept =
      steered.state == SteeringState::kInterrupted || steered.state == SteeringState::kFailed;
  if (kept) return SteerOutcome{SteerOutcome::Answer::kKept, steered.run};
  return wait_for_answer(project, steered.run.id, number, request, stop);
}

}  // namespace whimbrel
