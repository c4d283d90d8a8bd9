#include "migration/comments.h"

#include <doctest/doctest.h>

namespace whimbrel::migration {

TEST_CASE("comments of YAML are found with their places, but not inside texts") {
  auto comments = yaml_comments(
      "# top\n"
      "description: 'a # b'\n"
      "steps:  # behind é\n"
      "  # alone\n"
      "  - text: |\n"
      "      # no comment\n"
      "      neither\n"
      "    # after the block\n"
      "    plain: a#b  # last\n"
      "# end\n");
  REQUIRE(comments.size() == 6);
  CHECK(comments[0].text == " top");
  CHECK((comments[0].top && comments[0].alone));
  CHECK(comments[1].text == " behind é");
  CHECK((comments[1].line == 3 && !comments[1].alone && !comments[1].top));
  CHECK((comments[2].line == 4 && comments[2].alone));
  CHECK((comments[3].text == " after the block" && comments[3].line == 8));
  CHECK((comments[4].text == " last" && comments[4].line == 9));
  CHECK((comments[5].line == 10 && comments[5].alone));
}

TEST_CASE("comments are found where characters of the text have stand-ins") {
  auto comments = yaml_comments("a: { b: :c }  # one\nd: \xE2\x80\xA8x # two\n");
  REQUIRE(comments.size() == 2);
  CHECK(comments[0].text == " one");
  CHECK((comments[1].text == " two" && comments[1].line == 2));
}

TEST_CASE("a text that is no YAML gives the comments before the place where that shows") {
  CHECK(yaml_comments("# one\na: [\n").size() <= 1);
  CHECK(yaml_comments("\xFF").empty());
  CHECK(yaml_comments("").empty());
}

}  // namespace whimbrel::migration
