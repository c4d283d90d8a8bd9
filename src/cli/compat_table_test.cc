#include "cli/compat_table.h"

#include <doctest/doctest.h>

#include <map>

using namespace whimbrel;

namespace {

const std::vector<std::string> kHead = {"Filename", "Applied At", "Migration block"};

Colours with(const std::map<std::string, std::string>& environment,
             const std::vector<std::string>& words = {"status"}) {
  return compat_colours(words, [&](const char* name) -> const char* {
    auto found = environment.find(name);
    return found == environment.end() ? nullptr : found->second.c_str();
  });
}

}  // namespace

// The expected texts were recorded from cli-table3 0.6.5 as migrate-mongo 14.0.7 uses it.
TEST_CASE("the table is drawn as cli-table3 draws it") {
  CHECK(compat_table(kHead,
                     {{"a.js", "PENDING", ""},
                      {"20200101-b.js", "2026-11-23T01:08:54.412Z", "1795396134409"}},
                     Colours::kNone) ==
        R"(┌───────────────┬──────────────────────────┬─────────────────┐
│ Filename      │ Applied At               │ Migration block │
├───────────────┼──────────────────────────┼─────────────────┤
│ a.js          │ PENDING                  │                 │
├───────────────┼──────────────────────────┼─────────────────┤
│ 20200101-b.js │ 2026-11-23T01:08:54.412Z │ 1795396134409   │
└───────────────┴──────────────────────────┴─────────────────┘)");
}

TEST_CASE("a table without rows has a head") {
  CHECK(compat_table(kHead, {}, Colours::kNone) ==
        R"(┌──────────┬────────────┬─────────────────┐
│ Filename │ Applied At │ Migration block │
└──────────┴────────────┴─────────────────┘)");
}

TEST_CASE("rows may be longer than the head") {
  CHECK(compat_table(kHead, {{"a", "", "PENDING", ""}, {"a", "", "x", "15"}}, Colours::kNone) ==
        R"(┌──────────┬────────────┬─────────────────┬────┐
│ Filename │ Applied At │ Migration block │    │
├──────────┼────────────┼─────────────────┼────┤
│ a        │            │ PENDING         │    │
├──────────┼────────────┼─────────────────┼────┤
│ a        │            │ x               │ 15 │
└──────────┴────────────┴─────────────────┴────┘)");
}

TEST_CASE("wide and combining characters count as a terminal shows them") {
  CHECK(display_width("日本.js") == 7);
  CHECK(display_width("e\u0301🎉.js") == 6);
  CHECK(display_width("Größe") == 5);
  CHECK(display_width("cut off \xE6") == 9);
}

TEST_CASE("colours: grey borders, red head") {
  CHECK(compat_table({"A"}, {{"b"}}, Colours::kAnsi) ==
        "\x1b[90m┌───┐\x1b[39m\n"
        "\x1b[90m│\x1b[39m\x1b[31m A \x1b[39m\x1b[90m│\x1b[39m\n"
        "\x1b[90m├───┤\x1b[39m\n"
        "\x1b[90m│\x1b[39m b \x1b[90m│\x1b[39m\n"
        "\x1b[90m└───┘\x1b[39m");
  CHECK(compat_table({"A", "B"}, {}, Colours::kAnsi)
            .starts_with("\x1b[90m┌───\x1b[39m\x1b[90m┬───┐\x1b[39m\n"));
}

TEST_CASE("whether there are colours is decided by the environment") {
  CHECK(with({{"TERM", "xterm-256color"}}) == Colours::kAnsi);
  CHECK(with({{"TERM", "XTERM"}}) == Colours::kAnsi);
  CHECK(with({{"TERM", "linux"}}) == Colours::kAnsi);
  CHECK(with({{"TERM", "dumb"}}) == Colours::kNone);
  CHECK(with({{"TERM", "tmux"}}) == Colours::kNone);
  CHECK(with({{"TERM", "tmux-256"}}) == Colours::kAnsi);
  CHECK(with({}) == Colours::kNone);
  CHECK(with({{"COLORTERM", ""}}) == Colours::kAnsi);
  CHECK(with({{"TERM", "xterm"}, {"NO_COLOR", "1"}}) == Colours::kAnsi);
  CHECK(with({{"TERM", "xterm"}, {"CI", "true"}}) == Colours::kNone);
  CHECK(with({{"CI", "true"}, {"GITLAB_CI", "1"}}) == Colours::kAnsi);
  CHECK(with({{"CI", "true"}, {"FORCE_COLOR", "1"}}) == Colours::kAnsi);
  CHECK(with({{"TERM", "xterm"}, {"FORCE_COLOR", "0"}}) == Colours::kNone);
  CHECK(with({{"FORCE_COLOR", ""}}) == Colours::kAnsi);
  CHECK(with({{"FORCE_COLOR", "no"}}) == Colours::kAnsi);
  CHECK(with({{"TEAMCITY_VERSION", "9.0.5 (build 32523)"}, {"TERM", "xterm"}}) == Colours::kNone);
  CHECK(with({{"TEAMCITY_VERSION", "9.1.0 (build 32523)"}}) == Colours::kAnsi);
  CHECK(with({{"TERM_PROGRAM", "Hyper"}}) == Colours::kAnsi);
}

TEST_CASE("words of the command line go before the environment, FORCE_COLOR before them") {
  CHECK(with({{"TERM", "xterm"}}, {"status", "-f", "--no-color"}) == Colours::kNone);
  CHECK(with({}, {"status", "-f", "--color=256"}) == Colours::kAnsi);
  CHECK(with({}, {"status", "--", "--color"}) == Colours::kNone);
  CHECK(with({{"FORCE_COLOR", "0"}}, {"--color"}) == Colours::kNone);
}
