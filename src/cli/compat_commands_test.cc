#include "cli/compat_commands.h"

#include <doctest/doctest.h>

using namespace whimbrel;

namespace {

using Kind = CompatLine::Kind;

CompatLine parse(const std::vector<std::string>& words) {
  return parse_compat_line(words, {});
}

std::string usage(const std::vector<std::string>& words) {
  CompatLine line = parse(words);
  CHECK(line.kind == Kind::kUsage);
  return line.text;
}

}  // namespace

// The expected texts were recorded from migrate-mongo 14.0.7.
TEST_CASE("the program's help") {
  constexpr const char* kHelp = R"(Usage: migrate-mongo [options] [command]

Options:
  -V, --version                   output the version number
  -h, --help                      display help for command

Commands:
  init [options]                  initialize a new migration project
  create [options] [description]  create a new database migration with the
                                  provided description
  up [options]                    run all pending database migrations
  down [options]                  undo the last applied database migration
  status [options]                print the changelog of the database
  help [command]                  display help for command
)";
  CHECK(compat_help(nullptr, 80) == kHelp);
  for (const auto& words : std::vector<std::vector<std::string>>{{"-h"}, {"help"}, {"-h", "up"}}) {
    CHECK(parse(words).kind == Kind::kHelp);
    CHECK(parse(words).text == kHelp);
  }
  CHECK(usage({}) == kHelp);
  CHECK(usage({"help", "nope"}) == kHelp);
}

TEST_CASE("a command's help") {
  CHECK(parse({"help", "down"}).text == R"(Usage: migrate-mongo down [options]

undo the last applied database migration

Options:
  -f --file <file>                  use a custom config file
  -b --block                        rollback all scripts from the same migration
                                    block
  --migrations-dir <migrationsDir>  use a custom migrations directory
  -h, --help                        display help for command
)");
  CHECK(parse({"init", "-h"}).text == R"(Usage: migrate-mongo init [options]

initialize a new migration project

Options:
  -m --module <module loading system>  module loading system (commonjs (DEFAULT)
                                       or esm)
  -h, --help                           display help for command
)");
}

TEST_CASE("narrow terminals wrap less, wide ones not at all") {
  CHECK(compat_help(nullptr, 60).find("create a new database migration with the provided") !=
        std::string::npos);
  CHECK(compat_help(nullptr, 200).find("with the provided description\n") != std::string::npos);
}

TEST_CASE("what is wrong is said in commander's words") {
  CHECK(usage({"version"}) == "error: unknown command 'version'\n");
  CHECK(usage({"upp"}) == "error: unknown command 'upp'\n(Did you mean up?)\n");
  CHECK(usage({"up", "x"}) ==
        "error: too many arguments for 'up'. Expected 0 arguments but got 1.\n");
  CHECK(usage({"create", "a", "b"}) ==
        "error: too many arguments for 'create'. Expected 1 argument but got 2.\n");
  CHECK(usage({"down", "--blok"}) == "error: unknown option '--blok'\n(Did you mean --block?)\n");
  CHECK(usage({"down", "-bz"}) == "error: unknown option '-z'\n");
  CHECK(usage({"init", "-m"}) ==
        "error: option '-m --module <module loading system>' argument missing\n");
  CHECK(usage({"--verion"}) == "error: unknown option '--verion'\n(Did you mean --version?)\n");
  CHECK(usage({""}) == "error: unknown command ''\n");
}

TEST_CASE("a version counts wherever it stands") {
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"-V"}, {"--version"}, {"up", "-V"}, {"up", "-f", "-V"}, {"help", "-V"}}) {
    CHECK(parse(words).kind == Kind::kVersion);
  }
  CHECK(parse({"create", "--", "-V"}).kind == Kind::kRun);
}

TEST_CASE("options and arguments of a command") {
  CompatLine line = parse({"down", "-bfx.js", "--migrations-dir=y"});
  REQUIRE(line.kind == Kind::kRun);
  CHECK(line.command->name == "down");
  CHECK(line.options == std::map<std::string, std::string>{
                            {"--block", ""}, {"--file", "x.js"}, {"--migrations-dir", "y"}});
  CHECK(parse({"down", "-bf", "-z"}).options.at("--file") == "-z");
  CHECK(parse({"create", "two words"}).arguments == std::vector<std::string>{"two words"});
  CHECK(parse({"create", "-5"}).arguments == std::vector<std::string>{"-5"});
  CHECK(parse({"create", "-.5e+3"}).arguments == std::vector<std::string>{"-.5e+3"});
  CHECK(parse({"create", "--", "-f"}).arguments == std::vector<std::string>{"-f"});
  CHECK(usage({"create", "-5x"}) == "error: unknown option '-5x'\n");
}
