// A program that is run for a moment: given a text, waited for, ended with all that it started.
#pragma once

#include "observe/delivery.h"

namespace whimbrel {

struct Errand {
  std::vector<std::string> words;  ///< program (looked for in PATH) and arguments
  std::string input;               ///< its standard input
  std::string directory;
  std::vector<std::string> variables;  ///< NAME=value, beside our own environment
  std::chrono::milliseconds timeout;
};

/// Exit code 0 is taken, 75 (EX_TEMPFAIL) is worth another attempt. It runs in a process group of
/// its own, which is killed when the time is up or `abandoned` is set. Thread-safe.
Answer run_errand(const Errand& errand, const std::atomic<bool>& abandoned);

}  // namespace whimbrel
