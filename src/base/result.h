// base: values that every room shares; no input or output of its own beyond the process and its
// files.
//
// Result<T> is either a T or an Error. Dropping one is a compiler warning; TRY passes an Error on.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace whimbrel {

/// What kind of trouble it is. The kind decides the exit code (contract: section 4) and nothing
/// else.
enum class ErrorKind {
  kFailed,         ///< A migration or a check failed (1).
  kPaused,         ///< Stopped by a limit; resumable (4).
  kUsage,          ///< The command line is wrong (64).
  kBadMigration,   ///< A migration file is wrong (65).
  kNotFound,       ///< Project, file or name not found (66).
  kUnreachable,    ///< No server answers (69).
  kBug,            ///< A bug in whimbrel (70).
  kCannotWrite,    ///< A log, report or project file cannot be written (73).
  kLockHeld,       ///< Another process holds the lock, or took it over (75).
  kNotAuthorised,  ///< The server refused the user (77).
  kBadConfig,      ///< The configuration is wrong (78).
  kInterrupted,    ///< SIGINT, after the running batches were saved (130).
  kTerminated,     ///< SIGTERM, after the running batches were saved (143).
};

/// Whether the same attempt may succeed when it is made again.
enum class Retry {
  kNo,
  kTransient,      ///< The whole attempt (transaction, or idempotent command) may be repeated.
  kConflict,       ///< As kTransient, because somebody else wrote the same documents just now.
  kUnknownCommit,  ///< The commit may or may not have happened; committing again is safe.
};

/// Which document of a batch is to blame for a failure, as far as is known.
enum class Blame {
  kUnknown,   ///< perhaps one of them, when the server refused something
  kBatch,     ///< surely one of them: halving the batch finds it
  kDocument,  ///< the one that the message names
};

/// One failure: what failed, on what and why (`message`), and the next command to type (`hint`).
struct Error {
  ErrorKind kind = ErrorKind::kFailed;
  std::string message;
  std::string hint = {};
  int server_code = 0;  ///< MongoDB's error code, 0 when the server said nothing.
  Retry retry = Retry::kNo;
  Blame blame = Blame::kUnknown;

  /// Puts what was being done in front: "copying shop.orders: connection closed".
  Error while_doing(std::string_view what) &&;
  /// Sets the hint if there is none yet.
  Error or_hint(std::string_view text) &&;
};

/// The process's exit code for a kind, as the contract lists them.
int exit_code(ErrorKind kind);

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit

  explicit operator bool() const { return state_.index() == 0; }
  T& operator*() & { return std::get<0>(state_); }
  const T& operator*() const& { return std::get<0>(state_); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }
  T value() && { return std::get<0>(std::move(state_)); }
  const Error& error() const& { return std::get<1>(state_); }
  Error error() && { return std::get<1>(std::move(state_)); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: implicit

  explicit operator bool() const { return !error_; }
  void value() && {}
  const Error& error() const& { return *error_; }
  Error error() && { return *std::move(error_); }

 private:
  std::optional<Error> error_;
};

/// Success without a value, or an Error.
using Status = Result<void>;

}  // namespace whimbrel

/// The value of a Result, or returns its Error from the enclosing function. The only macro; one per
/// expression, since nested uses shadow each other; and not behind a comma, since gcc 12 leaks the
/// arguments and members before it when it returns (seen with LeakSanitizer).
#define TRY(expression)                                      \
  __extension__({                                            \
    auto try_result_ = (expression);                         \
    if (!try_result_) return std::move(try_result_).error(); \
    std::move(try_result_).value();                          \
  })
