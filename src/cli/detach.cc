#include "cli/detach.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/stop.h"
#include "cli/commands.h"

namespace whimbrel {
namespace {

constexpr int kWaitMs = 50;

int parent_waits = -1;  // in the new process: the end of a pipe that its parent reads

struct Ends {
  int read = -1, write = -1;
};

Error cannot(const char* what) {
  return Error{ErrorKind::kFailed,
               fmt::format("cannot go into the background: {}: {}", what, std::strerror(errno)),
               "run it without --detach"};
}

/// In the new process. What it says before it begins goes to the parent.
int run_behind(const Arguments& given, Result<int> (*command)(const Arguments&), int report,
               int talk) {
  parent_waits = report;
  int nothing = open("/dev/null", O_RDWR);
  dup2(nothing, STDIN_FILENO);
  dup2(nothing, STDOUT_FILENO);
  dup2(talk, STDERR_FILENO);
  close(nothing);
  close(talk);
  Arguments arguments = given;
  arguments.no_input = true;
  auto done = command(arguments);
  if (!done) notify_of_refusal(arguments, done.error());
  return done ? *done : print_error(done.error());
}

/// Twice, so that it leads no session and never gets a terminal; the parent becomes its next of
/// kin, to learn its exit code.
pid_t fork_behind(const Arguments& arguments, Result<int> (*command)(const Arguments&),
                  const Ends& report, const Ends& talk) {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  std::array<int, 2> hand{};
  if (pipe2(hand.data(), O_CLOEXEC) != 0) return -1;
  pid_t middle = fork();
  if (middle < 0) return -1;
  if (middle == 0) {
    setsid();
    pid_t behind = fork();
    if (behind == 0) {
      prctl(PR_SET_CHILD_SUBREAPER, 0);
      for (int descriptor : {hand[0], hand[1], report.read, talk.read}) close(descriptor);
      int code = run_behind(arguments, command, report.write, talk.write);
      std::fflush(nullptr);
      exit(code);
    }
    (void)!write(hand[1], &behind, sizeof behind);
    _exit(0);
  }
  close(hand[1]);
  pid_t behind = -1;
  ssize_t got = read(hand[0], &behind, sizeof behind);
  close(hand[0]);
  waitpid(middle, nullptr, 0);
  return got == sizeof behind ? behind : -1;
}

/// What can be read now, after waiting a moment; false at the end.
bool read_some(int descriptor, std::string& text) {
  pollfd one{descriptor, POLLIN, 0};
  if (poll(&one, 1, kWaitMs) <= 0) return true;
  std::array<char, 4096> bytes{};
  ssize_t got = read(descriptor, bytes.data(), bytes.size());
  if (got > 0) text.append(bytes.data(), static_cast<size_t>(got));
  return got > 0 || (got < 0 && errno == EINTR);
}

/// Passes on what is said until the other end is closed: it has begun, or ended.
void pass_on(pid_t behind, int talk) {
  bool told = false;
  std::string said;
  while (read_some(talk, said)) {
    fmt::print(stderr, "{}", said);
    said.clear();
    if (process_stop().requested() && !told) {
      told = true;
      kill(behind, SIGTERM);
    }
  }
}

std::string report_of(int report) {
  std::string text;
  while (read_some(report, text)) {
  }
  return text;
}

void show_start(pid_t behind, const std::string& log_file, Output output) {
  if (output != Output::kText) {
    nlohmann::ordered_json json{{"type", "detached"}, {"pid", behind}, {"logFile", log_file}};
    fmt::print("{}\n", json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    return;
  }
  auto names = command_names();
  bool watch = std::find(names.begin(), names.end(), "watch") != names.end();
  fmt::print("started in the background: pid {}\nlog file: {}\nfollow it: whimbrel logs -f{}\n",
             behind, log_file, watch ? ", or whimbrel watch" : "");
}

int exit_code_of(pid_t behind) {
  int status = 0;
  while (waitpid(behind, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

Result<int> run_detached(const Arguments& arguments, Result<int> (*command)(const Arguments&)) {
  std::array<int, 2> report{}, talk{};
  if (pipe2(report.data(), O_CLOEXEC) != 0) return cannot("pipe");
  if (pipe2(talk.data(), O_CLOEXEC) != 0) return cannot("pipe");
  std::fflush(nullptr);
  pid_t behind = fork_behind(arguments, command, {report[0], report[1]}, {talk[0], talk[1]});
  if (behind <= 0) return cannot("fork");
  close(report[1]);
  close(talk[1]);
  pass_on(behind, talk[0]);
  std::string log_file = report_of(report[0]);
  if (log_file.empty()) return exit_code_of(behind);
  show_start(behind, log_file, arguments.output);
  return 0;
}

void leave_parent(size_t to_do, const std::string& log_file) {
  if (parent_waits < 0 || to_do == 0) return;
  std::fflush(stderr);
  int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  dup2(nothing, STDERR_FILENO);
  close(nothing);
  (void)!write(parent_waits, log_file.data(), log_file.size());
  close(parent_waits);
  parent_waits = -1;
}

}  // namespace whimbrel
