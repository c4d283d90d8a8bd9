#include "flow/run_control.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "flow/server_line.h"
#include "flow/slow_others.h"
#include "state/control.h"

namespace whimbrel {

using std::chrono::milliseconds;

namespace {

constexpr milliseconds kLook{100};
constexpr milliseconds kHear{500};
constexpr milliseconds kShow{5'000};
// A reading holds for so long; a server that does not answer is not known to be well.
constexpr milliseconds kFresh{3'000};
constexpr milliseconds kAnswer{2'000};
constexpr milliseconds kGlance{1'000};
// Batches end before a window does.
constexpr milliseconds kMargin{1'000};

Windows::Time server_now(const mongo::Client& client) {
  return Windows::Time(milliseconds(client.server_time()));
}

double seconds_since(std::chrono::steady_clock::time_point time) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - time).count();
}

}  // namespace

RunControl::RunControl(Project& project, int64_t epoch, Reporter& reporter, Stop& stop,
                       RunLimits limits)
    : project_(project),
      epoch_(epoch),
      reporter_(reporter),
      stop_(stop),
      limits_(std::move(limits)),
      settings_(limits_.settings),
      control_(settings_.throttle.ignores_unknown) {
  throttle_.set(settings_.lanes);
}

RunControl::~RunControl() {
  thread_.request_stop();
}

Status RunControl::start() {
  client_.emplace(TRY(project_.client.another(kAnswer)));
  probe_.emplace(*client_);
  signals_.emplace(*client_, *probe_, project_.database);
  shown_ = Clock::now();  // the first time when there is something to see
  look();
  thread_ = std::jthread([this](const std::stop_token& ended) { work(ended); });
  return {};
}

void RunControl::work(const std::stop_token& ended) {
  while (true) {
    std::unique_lock lock(mutex_);
    ends_.wait_for(lock, ended, kLook, [] { return false; });
    if (ended.stop_requested()) return;
    lock.unlock();
    look();
    show_server();
  }
}

void RunControl::look() {
  hear();
  feel();
  std::lock_guard lock(mutex_);
  SteeringState before = state_;
  watch_the_clock();
  settle();
  tell_people(before);
  tell();
  end_if_nobody_waits();
}

/// What cannot be read now is read the next time; whoever asked waits for an answer.
void RunControl::hear() {
  if (Clock::now() - heard_ < kHear) return;
  heard_ = Clock::now();
  auto runs = Runs(*client_, project_.database).at_work(epoch_);
  if (!runs) return;
  // To write into a run that is one transaction would be a conflict with it.
  std::erase_if(*runs, [](const Run& run) { return run.whole; });
  std::lock_guard lock(mutex_);
  for (const Run& run : *runs) {
    if (run.control) obey(run);
    told_.try_emplace(run.id);
  }
  std::erase_if(told_, [&](const auto& told) {
    return std::none_of(runs->begin(), runs->end(),
                        [&](const Run& run) { return run.id == told.first; });
  });
}

void RunControl::take_up(const Run& run) {
  std::lock_guard lock(mutex_);
  if (run.control) obey(run);
}

/// A pause and settings outlive the process that obeyed them; a cancellation does not.
void RunControl::obey(const Run& run) {
  const Control& control = *run.control;
  auto [known, first] = obeyed_.try_emplace(run.id, 0);
  if (known->second == control.number) return;
  known->second = control.number;
  refused_.clear();
  bool again = first && run.steered && run.steered->number >= control.number;
  apply(control.settings);
  paused_by_.clear();
  switch (control.wanted) {
    case Control::Wanted::kPause:
      paused_by_ = fmt::format("by {}{}", control.by,
                               control.why.empty() ? "" : fmt::format(" ({})", control.why));
      throttle_.hold(Hold::kByHand);
      break;
    case Control::Wanted::kCancel:
      if (!again) stop_.request(Stop::Reason::kCancelled);
      [[fallthrough]];
    case Control::Wanted::kRun:
      throttle_.release(Hold::kByHand);
  }
}

void RunControl::apply(const mongo::Document& settings) {
  settings_ = limits_.settings;
  for (const mongo::Value& value : settings.view().elements()) {
    Status set = apply_setting(settings_, value.key(), std::string(value.as_string()));
    if (!set) refused_ = set.error().message;
  }
  throttle_.set(settings_.lanes);
  control_.ignore_unknown(settings_.throttle.ignores_unknown);
  turns_ = {};  // the windows may be others now
}

void RunControl::feel() {
  ThrottleConfig wanted;
  {
    std::lock_guard lock(mutex_);
    wanted = settings_.throttle;
  }
  auto signals = signals_->read(wanted);
  std::lock_guard lock(mutex_);
  bool trusts = wanted.has_signals() && !wanted.ignores_unknown;
  throttle_.trust_until(trusts ? std::optional(Clock::now() + kFresh) : std::nullopt);
  if (control_.decide(Clock::now(), signals)) throttle_.set_gait(control_.gait());
}

/// Every five seconds. What cannot be read is not shown; that ends nothing.
void RunControl::show_server() {
  if (Clock::now() - shown_ < kShow) return;
  shown_ = Clock::now();
  auto parts = mongo::HealthParts::quick();
  parts.patience = kFresh;
  auto health = probe_->read(parts);
  if (!health) return reporter_.server_is("");
  auto slow = read_slow_others(*client_, kGlance);
  std::string others = slow ? slow_text(*slow) : "";
  reporter_.server_is(server_line(*health) + (others.empty() ? "" : "  " + others));
}

void RunControl::watch_the_clock() {
  const Windows& windows = settings_.windows ? *settings_.windows : limits_.windows;
  auto now = server_now(*client_);
  if (now < turns_) return;  // to look a year ahead ten times a second is much work
  auto closes = windows.closes(now);
  if (windows.is_open(now) && (!closes || *closes - now > kMargin)) {
    turns_ = closes ? *closes - kMargin : Windows::Time::max();
    closed_.clear();
    throttle_.release(Hold::kWindow);
    return;
  }
  throttle_.hold(Hold::kWindow);
  auto opens = windows.opens(closes.value_or(now));
  turns_ = opens.value_or(Windows::Time::max());
  closed_ = fmt::format("window {} is closed, {}", windows.text(),
                        opens ? "opens " + windows.time_text(*opens) : "and opens no more");
}

/// The state that the table makes of what holds now.
void RunControl::settle() {
  happens(paused_by_.empty() ? SteeringEvent::kResume : SteeringEvent::kPause);
  happens(closed_.empty() ? SteeringEvent::kWindowOpens : SteeringEvent::kWindowCloses);
  bool bad = control_.gait() == Gait::kPaused;
  happens(bad ? SteeringEvent::kSignalBad : SteeringEvent::kSignalGood);
}

void RunControl::happens(SteeringEvent event) {
  const SteeringOutcome& outcome = steering_outcome(state_, event);
  if (outcome.kind != SteeringOutcome::Kind::kGoes) return;
  state_ = outcome.next;
  since_ = Clock::now();
}

std::string RunControl::reason() const {
  switch (state_) {
    case SteeringState::kPaused:
      return paused_by_;
    case SteeringState::kWaiting:
      return closed_;
    default:
      return control_.reason();
  }
}

void RunControl::tell_people(SteeringState before) {
  bool held = state_ != SteeringState::kRunning;
  if (state_ != before && held) {
    if (before == SteeringState::kRunning) held_since_ = Clock::now();
    held_why_ = reason();
    reporter_.paused(held_why_);
  } else if (state_ != before) {
    reporter_.resumed(held_why_, seconds_since(held_since_));
  }
  if (control_.gait() == told_gait_) return;
  told_gait_ = control_.gait();
  if (!held) reporter_.goes(to_text(told_gait_), control_.reason());
}

void RunControl::tell() {
  // A pause is obeyed when the batches that were under way have ended.
  bool obeyed = state_ != SteeringState::kPaused || throttle_.is_still();
  for (auto& [run, told] : told_) {
    std::string key = fmt::format("{}|{}|{}|{}|{}", to_text(state_), to_text(control_.gait()),
                                  obeyed_[run], obeyed, refused_);
    if (told == key) continue;
    Steered steered;
    steered.number = obeyed ? obeyed_[run] : obeyed_[run] - 1;
    steered.state = to_text(state_);
    steered.reason = reason();
    steered.gait = to_text(control_.gait());
    steered.refused = refused_;
    steered.since = client_->server_time() - static_cast<int64_t>(seconds_since(since_) * 1000);
    if (Controls(*client_, project_.database).save(run, steered)) told = key;
  }
}

void RunControl::end_if_nobody_waits() {
  if (limits_.held == RunLimits::Held::kWaits) return;
  if (state_ == SteeringState::kPaused) stop_.request(Stop::Reason::kPaused);
  if (state_ == SteeringState::kWaiting) stop_.request(Stop::Reason::kWindow);
}

}  // namespace whimbrel
