// A child process that cannot outlive its parent, with a channel on file descriptor 3.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace whimbrel::node {

/// Where the child's stdout and stderr go.
enum class Streams { kInherited, kCaptured };

struct ChildSpec {
  std::vector<std::string> words;  ///< program and arguments; the program is looked up in PATH
  std::string directory;           ///< its working directory
  Streams streams = Streams::kCaptured;
};

/// Owns the process and its descriptors. The kernel kills the child when the thread that started it
/// ends (PR_SET_PDEATHSIG, prctl(2)), so that a killed whimbrel leaves nobody behind who goes on
/// writing: keep a Child within its thread. It has a process group of its own; Ctrl-C on the
/// terminal does not reach it.
class Child {
 public:
  static Result<Child> start(const ChildSpec& spec);
  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) noexcept;
  ~Child();  ///< Kills it and waits.

  int channel() const { return channel_; }
  int out() const { return out_; }  ///< -1 with Streams::kInherited
  int err() const { return err_; }

  void kill();
  /// Its status as waitpid(2) gives it; nullopt when it still runs after `patience`.
  std::optional<int> wait(std::chrono::milliseconds patience);

 private:
  Child() = default;
  pid_t pid_ = -1;
  int channel_ = -1, out_ = -1, err_ = -1;
  std::optional<int> status_;
};

/// "exited with code 3", "was killed by signal 9".
std::string status_text(int status);

}  // namespace whimbrel::node
