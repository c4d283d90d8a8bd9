#include <fmt/format.h>

#include <iostream>

#include "cli/commands.h"
#include "cli/json_rows.h"
#include "flow/unlock.h"

namespace whimbrel {
namespace {

bool looks_alive(const LockHolder& holder) {
  return !holder.is_foreign && !holder.expired && !is_known_dead(holder.process);
}

bool answered_yes() {
  fmt::print(stderr, "Remove it? [y/N] ");
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

void print(const Arguments& arguments, const Project& project,
           const std::optional<LockHolder>& removed) {
  if (arguments.output == Output::kText) {
    fmt::print("the lock of {} {}\n", project.database, removed ? "was removed" : "is free");
    return;
  }
  fmt::print("{}\n", JsonRows::text({{"schema", 1},
                                     {"type", "unlock"},
                                     {"database", project.database},
                                     {"removed", removed.has_value()},
                                     {"holder", text_or_null(removed ? removed->text() : "")}}));
}

}  // namespace

Result<int> run_unlock(const Arguments& arguments) {
  Project project = TRY(open_project(arguments.sources));
  auto holder = TRY(read_lock(project.client, project.lock_place()));
  if (!holder) {
    print(arguments, project, holder);
    return 0;
  }
  fmt::print(stderr, "the lock of {} is held by {}\n", project.database, holder->text());
  if (!arguments.force && looks_alive(*holder)) {
    return Error{ErrorKind::kLockHeld, "its owner was heard of within its lease: it may be at work",
                 "stop that process; or, if you know that it is dead: whimbrel unlock --force"};
  }
  if (!arguments.force && !can_ask(arguments)) {
    return Error{ErrorKind::kUsage,
                 "unlock asks before it removes a lock, and nobody can answer here",
                 "whimbrel unlock --force"};
  }
  if (!arguments.force && !answered_yes()) return 1;
  TRY(unlock(project, *holder, arguments.force ? UnlockBy::kForce : UnlockBy::kAnswer));
  print(arguments, project, holder);
  return 0;
}

}  // namespace whimbrel
