#include "base/result.h"

namespace whimbrel {

Error Error::while_doing(std::string_view what) && {
  message = std::string(what) + ": " + message;
  return std::move(*this);
}

Error Error::or_hint(std::string_view text) && {
  if (hint.empty()) hint = text;
  return std::move(*this);
}

int exit_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kFailed:
      return 1;
    case ErrorKind::kPaused:
      return 4;
    case ErrorKind::kUsage:
      return 64;
    case ErrorKind::kBadMigration:
      return 65;
    case ErrorKind::kNotFound:
      return 66;
    case ErrorKind::kUnreachable:
      return 69;
    case ErrorKind::kBug:
      return 70;
    case ErrorKind::kCannotWrite:
      return 73;
    case ErrorKind::kLockHeld:
      return 75;
    case ErrorKind::kNotAuthorised:
      return 77;
    case ErrorKind::kBadConfig:
      return 78;
    case ErrorKind::kInterrupted:
      return 130;
    case ErrorKind::kTerminated:
      return 143;
  }
  return 70;
}

}  // namespace whimbrel
