#include "observe/answer_text.h"

#include <doctest/doctest.h>

namespace whimbrel {
namespace {

TEST_CASE("nothing of a URL is shown but scheme and host") {
  const std::string url = "https://me:pa55@example.com:8443/services/T0/secret?token=abc#x";
  CHECK(without_url("bad " + url + "!", url) == "bad ***!");
  CHECK(without_url("no /services/T0/secret?token=abc#x here", url) == "no *** here");
  CHECK(without_url("token=abc#x is old; pa55 too", url) == "*** is old; *** too");
  CHECK(without_url("no route to example.com", url) == "no route to example.com");
  CHECK(without_url("a / b", "https://example.com/") == "a / b");
}

TEST_CASE("the first line is short and holds no control characters") {
  CHECK(first_line_of("\n  one\ttwo\x1b[31m\r\nthree") == "one two [31m");
  CHECK(first_line_of("") == "");
  CHECK(first_line_of(std::string(500, 'x')).size() == 123);
  CHECK(first_line_of(std::string(119, 'x') + "éé") == std::string(119, 'x') + "...");
}

}  // namespace
}  // namespace whimbrel
