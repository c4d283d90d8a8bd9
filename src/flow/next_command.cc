#include "flow/next_command.h"

#include <fmt/format.h>

namespace whimbrel {

std::string next_command(const Error& error, std::string_view command) {
  if (error.hint == "whimbrel up") return fmt::format("whimbrel {}", command);
  if (!error.hint.empty()) return error.hint;
  if (error.kind == ErrorKind::kUnreachable) {
    return fmt::format("when the server answers again: whimbrel {} (it goes on where it stopped)",
                       command);
  }
  return fmt::format("mend the cause, then: whimbrel {} (it goes on where it stopped)", command);
}

std::string whimbrel_in(const Config& config) {
  return config.environment.empty() ? "whimbrel" : "whimbrel -e " + config.environment;
}

}  // namespace whimbrel
