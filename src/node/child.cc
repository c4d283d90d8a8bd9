#include "node/child.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>

namespace whimbrel::node {
namespace {

constexpr int kChannel = 3;

struct Pair {
  int ours = -1;
  int theirs = -1;
};

void close_all(std::initializer_list<int> descriptors) {
  for (int descriptor : descriptors) {
    if (descriptor >= 0) close(descriptor);
  }
}

Error cannot_start(const ChildSpec& spec, int problem) {
  return Error{ErrorKind::kFailed,
               fmt::format("cannot start {}: {}", spec.words.front(), std::strerror(problem)),
               "install Node.js 18 or later, or say where it is: node.command in whimbrel.yaml, or "
               "WHIMBREL_NODE"};
}

/// In the child, between fork and exec: only async-signal-safe calls.
[[noreturn]] void become(const ChildSpec& spec, char* const* words, pid_t parent, int channel,
                         int out, int err, int report) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
  setpgid(0, 0);
  int nothing = open("/dev/null", O_RDWR);
  dup2(nothing, STDIN_FILENO);
  if (out >= 0) dup2(out, STDOUT_FILENO);
  if (err >= 0) dup2(err, STDERR_FILENO);
  // The report must not sit where the channel goes.
  int kept = fcntl(report, F_DUPFD_CLOEXEC, 10);
  if (channel == kChannel) fcntl(channel, F_SETFD, 0);
  else dup2(channel, kChannel);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  if (chdir(spec.directory.c_str()) == 0) execvp(words[0], words);
  int problem = errno;
  ssize_t ignored = write(kept, &problem, sizeof problem);
  (void)ignored;
  _exit(127);
}

/// What exec had to say: 0 when it succeeded and the report's end closed by itself.
int read_report(int report) {
  int problem = 0;
  ssize_t got = 0;
  do got = read(report, &problem, sizeof problem);
  while (got < 0 && errno == EINTR);
  return got == sizeof problem ? problem : 0;
}

}  // namespace

Result<Child> Child::start(const ChildSpec& spec) {
  Child child;
  int channel[2], report[2], out[2] = {-1, -1}, err[2] = {-1, -1};
  bool captured = spec.streams == Streams::kCaptured;
  bool made = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel) == 0 &&
              pipe2(report, O_CLOEXEC) == 0 &&
              (!captured || (pipe2(out, O_CLOEXEC) == 0 && pipe2(err, O_CLOEXEC) == 0));
  if (!made) return cannot_start(spec, errno);
  std::vector<char*> words;
  for (const std::string& word : spec.words) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  pid_t parent = getpid();
  child.pid_ = fork();
  if (child.pid_ == 0) {
    become(spec, words.data(), parent, channel[1], out[1], err[1], report[1]);
  }
  int problem = child.pid_ < 0 ? errno : 0;
  close_all({channel[1], out[1], err[1], report[1]});
  child.channel_ = channel[0];
  child.out_ = out[0];
  child.err_ = err[0];
  if (problem == 0) problem = read_report(report[0]);
  close(report[0]);
  if (problem != 0) return cannot_start(spec, problem);
  return child;
}

Child::Child(Child&& other) noexcept {
  *this = std::move(other);
}

Child& Child::operator=(Child&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(channel_, other.channel_);
  std::swap(out_, other.out_);
  std::swap(err_, other.err_);
  std::swap(status_, other.status_);
  return *this;
}

Child::~Child() {
  if (pid_ > 0 && !status_) {
    kill();
    (void)wait(std::chrono::seconds(10));
  }
  close_all({channel_, out_, err_});
}

void Child::kill() {
  if (pid_ > 0 && !status_) ::kill(pid_, SIGKILL);
}

std::optional<int> Child::wait(std::chrono::milliseconds patience) {
  auto give_up = std::chrono::steady_clock::now() + patience;
  while (pid_ > 0 && !status_) {
    int status = 0;
    pid_t ended = waitpid(pid_, &status, WNOHANG);
    if (ended == pid_) status_ = status;
    else if (std::chrono::steady_clock::now() > give_up) break;
    else std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return status_;
}

std::string status_text(int status) {
  if (WIFSIGNALED(status)) return fmt::format("was killed by signal {}", WTERMSIG(status));
  return fmt::format("exited with code {}", WEXITSTATUS(status));
}

}  // namespace whimbrel::node
