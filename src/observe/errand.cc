#include "observe/errand.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "observe/answer_text.h"

namespace whimbrel {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kKeptOfOutput = 4 << 10;
constexpr int kWaitMs = 20;
constexpr int kTryAgain = 75;  // EX_TEMPFAIL of sysexits.h

/// A descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { reset(); }
  void reset(int number = -1) {
    if (number_ >= 0) close(number_);
    number_ = number;
  }
  int get() const { return number_; }

 private:
  int number_;
};

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    ssize_t written = write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<size_t>(written));
  }
  return lseek(descriptor, 0, SEEK_SET) == 0;
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (const std::string& text : texts) all.push_back(const_cast<char*>(text.c_str()));
  return all;
}

/// The new process's id, or 0 and errno.
pid_t spawn(const Errand& errand, int input, int output) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  if (!errand.directory.empty()) {
    posix_spawn_file_actions_addchdir_np(&actions, errand.directory.c_str());
  }
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, ordinary;
  sigemptyset(&none);
  sigemptyset(&ordinary);
  for (int ignored_here : {SIGPIPE, SIGXFSZ, SIGHUP}) sigaddset(&ordinary, ignored_here);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &ordinary);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<char*> words = pointers(errand.words);
  words.push_back(nullptr);
  std::vector<char*> environment = pointers(errand.variables);
  for (char** variable = environ; *variable; ++variable) environment.push_back(*variable);
  environment.push_back(nullptr);
  pid_t pid = 0;
  int problem =
      posix_spawnp(&pid, words[0], &actions, &attributes, words.data(), environment.data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  errno = problem;
  return problem == 0 ? pid : 0;
}

/// Reads what is there, keeps the start of it, and waits a moment for more. False at its end.
bool read_some(int descriptor, std::string& kept) {
  pollfd one{descriptor, POLLIN, 0};
  if (poll(&one, 1, kWaitMs) <= 0) return true;
  std::array<char, 4096> bytes{};
  ssize_t got = read(descriptor, bytes.data(), bytes.size());
  if (got <= 0) return got < 0 && (errno == EINTR || errno == EAGAIN);
  kept.append(bytes.data(), std::min(kKeptOfOutput - kept.size(), static_cast<size_t>(got)));
  return true;
}

Answer answer_of(int status, const std::string& output) {
  Answer answer;
  if (WIFSIGNALED(status)) {
    answer.text = fmt::format("was killed by signal {}", WTERMSIG(status));
    return answer;
  }
  int code = WEXITSTATUS(status);
  answer.taken = code == 0;
  answer.again = code == kTryAgain;
  answer.text = fmt::format("exit {}", code);
  std::string said = first_line_of(output);
  if (!said.empty()) answer.text += ": " + said;
  return answer;
}

Answer wait_for(pid_t pid, int output, const Errand& errand, const std::atomic<bool>& abandoned) {
  auto end = Clock::now() + errand.timeout;
  std::string said;
  bool more = true;
  while (true) {
    if (more) more = read_some(output, said);
    else poll(nullptr, 0, kWaitMs);
    int status = 0;
    if (waitpid(pid, &status, WNOHANG) == pid) {
      while (more && read_some(output, said) && said.size() < kKeptOfOutput) {
        pollfd one{output, POLLIN, 0};
        if (poll(&one, 1, 0) <= 0) break;  // what it left behind may keep the pipe open
      }
      return answer_of(status, said);
    }
    bool late = Clock::now() > end;
    if (!late && !abandoned) continue;
    kill(-pid, SIGKILL);
    waitpid(pid, &status, 0);
    return {.text = late ? fmt::format("was killed after {} ms", errand.timeout.count())
                         : "was killed at the end of the command"};
  }
}

}  // namespace

Answer run_errand(const Errand& errand, const std::atomic<bool>& abandoned) {
  auto cannot = [&](int problem) {
    return Answer{.text =
                      fmt::format("cannot start {}: {}", errand.words[0], std::strerror(problem))};
  };
  // A file in memory never blocks, however late it is read.
  Descriptor input(memfd_create("notification", MFD_CLOEXEC));
  std::array<int, 2> ends{-1, -1};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return cannot(errno);
  Descriptor ours(ends[0]), theirs(ends[1]);
  if (input.get() < 0 || !write_all(input.get(), errand.input)) return cannot(errno);
  pid_t pid = spawn(errand, input.get(), theirs.get());
  if (pid == 0) return cannot(errno);
  theirs.reset();
  return wait_for(pid, ours.get(), errand, abandoned);
}

}  // namespace whimbrel
