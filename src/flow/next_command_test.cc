#include "flow/next_command.h"

#include <doctest/doctest.h>

namespace whimbrel {

TEST_CASE("an error that ends a run names the command of that run, whatever it hints at") {
  CHECK(next_command({ErrorKind::kFailed, "x", "whimbrel up"}, "down") == "whimbrel down");
  CHECK(next_command({ErrorKind::kFailed, "x", "whimbrel status"}, "up") == "whimbrel status");
  CHECK(next_command({ErrorKind::kFailed, "x"}, "up").find("whimbrel up") != std::string::npos);
  std::string away = next_command({ErrorKind::kUnreachable, "x"}, "down");
  CHECK(away.find("when the server answers again: whimbrel down") == 0);
}

}  // namespace whimbrel
