#include "base/fault.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

namespace whimbrel {
namespace {

constexpr std::chrono::milliseconds kStalled{300};

enum class Action { kKill, kStop, kStall, kError };

/// What WHIMBREL_FAULT asks for.
struct Wanted {
  Action action = Action::kKill;
  std::string point;
  int passage = 1;
};

Wanted parse_wanted(const std::string& whole) {
  static const std::map<std::string, Action> actions = {{"kill", Action::kKill},
                                                        {"stop", Action::kStop},
                                                        {"stall", Action::kStall},
                                                        {"error", Action::kError}};
  size_t space = whole.find(' ');
  size_t number = whole.rfind('#');
  auto action = actions.find(whole.substr(0, space));
  bool good = space != std::string::npos && number != std::string::npos && action != actions.end();
  if (!good) std::abort();  // a test that asks for nonsense must not pass
  return Wanted{action->second, whole.substr(space + 1, number - space - 1),
                std::atoi(whole.c_str() + number + 1)};
}

std::vector<Wanted> read_wanted() {
  std::vector<Wanted> wanted;
  const char* text = std::getenv("WHIMBREL_FAULT");
  for (std::string rest = text ? text : ""; !rest.empty();) {
    size_t end = rest.find("; ");
    wanted.push_back(parse_wanted(rest.substr(0, end)));
    rest.erase(0, end == std::string::npos ? end : end + 2);
  }
  return wanted;
}

void trace(const std::string& point) {
  static const char* file = std::getenv("WHIMBREL_FAULT_TRACE");
  if (!file) return;
  static const int descriptor = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  std::string line = point + "\n";
  if (write(descriptor, line.data(), line.size()) < 0) std::abort();
}

/// The same name in every run: ObjectIds, as in those of scratch collections, become "ID".
std::string without_ids(const std::string& what) {
  constexpr size_t kDigits = 24;
  std::string name;
  for (size_t at = 0; at < what.size();) {
    size_t end = std::min(what.find_first_not_of("0123456789abcdef", at), what.size());
    bool is_id = end - at == kDigits;
    name += is_id ? "ID" : what.substr(at, std::max<size_t>(end - at, 1));
    at = std::max(end, at + 1);
  }
  return name;
}

/// How often the point was passed, this time included.
int count_passage(const std::string& point) {
  static std::mutex mutex;
  static std::map<std::string, int> passages;
  std::lock_guard guard(mutex);
  return ++passages[point];
}

}  // namespace

Status pass_fault_point(const std::string& what, FaultSide side) {
  static const std::vector<Wanted> all = read_wanted();
  std::string point = without_ids(what) + (side == FaultSide::kBefore ? " before" : " after");
  trace(point);
  if (all.empty()) return {};
  int passage = count_passage(point);
  auto wanted = std::find_if(all.begin(), all.end(), [&](const Wanted& one) {
    return one.point == point && one.passage == passage;
  });
  if (wanted == all.end()) return {};
  trace("met");
  if (wanted->action == Action::kKill) (void)kill(getpid(), SIGKILL);
  // To this thread: one sent to the process may stop another first, while this one goes on for a
  // while (half of 2,000 times on two busy cores).
  if (wanted->action == Action::kStop) (void)raise(SIGSTOP);
  if (wanted->action == Action::kStall) std::this_thread::sleep_for(kStalled);
  if (wanted->action != Action::kError) return {};
  Error error{ErrorKind::kUnreachable, "a fault on purpose: " + point};
  error.retry = Retry::kTransient;
  return error;
}

}  // namespace whimbrel
