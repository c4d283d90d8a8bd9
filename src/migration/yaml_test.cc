// What a YAML file means, and what its syntax errors say.
#include "migration/yaml.h"

#include <doctest/doctest.h>

namespace whimbrel::migration {
namespace {

std::string written(const YamlNode& node) {
  if (node.is_null()) return "null";
  if (node.is_scalar()) return node.quoted ? "'" + node.text + "'" : node.text;
  std::string text;
  for (const YamlNode& item : node.items) text += (text.empty() ? "" : ", ") + written(item);
  for (const YamlEntry& entry : node.entries)
    text += (text.empty() ? "" : ", ") + written(entry.key) + ": " + written(entry.value);
  return node.is_sequence() ? "[" + text + "]" : "{" + text + "}";
}

/// The tree, or the problems, one a line, without the file's name.
std::string read(const std::string& source) {
  ProblemList problems("f");
  auto root = parse_yaml(source, problems);
  std::string text;
  for (const Problem& problem : problems.take())
    text += (text.empty() ? "" : "\n") + problem.text().substr(2);
  REQUIRE((root || !text.empty()));
  return text.empty() ? written(*root) : text;
}

struct Case {
  std::string source;
  std::string expected;
};

TEST_CASE("files are read by the syntax of YAML 1.2") {
  const Case kCases[] = {
      {"{ a: :b, ::1: c, d: [ :e, f ] }", "{a: :b, ::1: c, d: [:e, f]}"},
      {"{ a: ?b, ?c: d?e, ? f : g }", "{a: ?b, ?c: d?e, f: g}"},
      {"{ a: 1, [d]: e }",
       "1:9: a key must be a single word or text, not a list or "
       "mapping (or a bracket before this is never closed)"},
      {"{ \"a\":1, 'b' :c, d: http://x:1/y }", "{'a': 1, 'b': c, d: http://x:1/y}"},
      {":a: ?b", "{:a: ?b}"},
      {"a: \"\\/ \\\\ \\x41\\u00e9\\U0001F600\"", "{a: '/ \\ A\u00e9\U0001F600'}"},
      {"a: x\u2028y\u2029z\u0085\nb: \"\uFEFF\u007F\"",
       "{a: x\u2028y\u2029z\u0085, b: '\uFEFF\u007F'}"},
      {"\u2028: \"\\U0010F000\\U00100000\U00100001\"",
       "{\u2028: '\U0010F000\U00100000\U00100001'}"},
      {"%YAML 1.2\n---\na: 1 # c\n...\n", "{a: 1}"},
      {"%TAG !y! tag:yaml.org,2002:\n---\na: !y!str 1", "{a: 1}"},
      {"a:\t1\t# c\nb:\n- c\n-\n- ~\n- ''\n", "{a: 1, b: [c, null, null, '']}"},
      {"a: |\n  x\n   y\n\nb: >-\n  x\n  y\nc: x\n  y\r\nd: 'x\n\n  y'",
       "{a: 'x\n y\n', b: 'x y', c: x y, d: 'x\ny'}"},
      {"a: ! 5\nb: !!str\nc: &x\nd: *x", "{a: '5', b: , c: null, d: null}"},
      {"", "null"},
      {"---\n", "null"},
  };
  for (const Case& row : kCases) {
    CAPTURE(row.source);
    CHECK(read(row.source) == row.expected);
  }
}

TEST_CASE("a syntax error says what is wrong and what is allowed") {
  const Case kCases[] = {
      {"a: 'x\n\n", "3:1: the quote that opened this text (line 1, column 4) is never closed"},
      {"a: \"", "1:5: the quote that opened this text (line 1, column 4) is never closed"},
      {"a: \"\u00e9\\d\"", "1:6: no such escape; known are "},
      {"a: \"\\x4\"", "1:5: hexadecimal digits are missing"},
      {"a: \"\\ud83d\\ude00\"", "1:5: there is no such character; one beyond U+FFFF is written"},
      {"a: {b:, c: 1}", "1:5: the key 'b' has no value"},
      {"a: {b:[1]}", "1:5: the key 'b' needs a space behind its ':'"},
      {"a: { b { c: 1 } }", "1:8: expected ',' or '}'"},
      {"a: { b\n: c }", "2:1: this ':' has no key"},
      {"a: [\n - b ]", "2:2: a '-' item is not allowed inside brackets"},
      {"a: { : b }", "1:6: a key is missing here"},
      {"a: { b: [ c, d\n", "1:9: this '[' is never closed"},
      {"a: { b: [ c: d\n", "1:9: this '[' is never closed"},
      {"a: ]", "1:4: a closing bracket that does not match"},
      {"a: 1\nb\nc: 2", "2:1: expected a ':' behind this key"},
      {"a: - b", "1:4: a '-' item is not allowed here"},
      {"a:\n  - b\n  c: d", "3:3: expected a '-' item"},
      {"a:\n    b: 1\n  c: 2", "3:3: expected a key at the indentation"},
      {"[1] x", "1:5: only one YAML document is allowed"},
      {"-\ta: b\n", "1:2: a tab cannot indent YAML"},
      {"a: |x\n", "1:5: the text of a '|' or '>' starts on the next line"},
      {"a: |0\n  x", "1:5: the text of a '|' or '>' starts on the next line"},
      {"a: *.txt", "1:4: a '&' or '*' starts the name of an anchor"},
      {"a: !x!y z", "1:4: a '!' starts a tag"},
      {"a: !<x z", "1:4: a '!' starts a tag"},
      {"%FOO\n---\na: 1", "1:1: a '%' at the start of a line"},
      {"a: x\n%y", "2:1: a '%' at the start of a line"},
      {"%YAML 3.0\n---\n", "1:1: only YAML 1.1 and 1.2"},
      {"%YAML x\n---\n", "1:7: this directive is not complete"},
      {"%YAML 1.2\na: 1", "2:1: a line '---' must follow"},
      {"a: \"x\n--- y\"", "2:1: the quote that opened this text is not closed before this line"},
  };
  for (const Case& row : kCases) {
    CAPTURE(row.source);
    std::string text = read(row.source);
    CAPTURE(text);
    CHECK(text.starts_with(row.expected));
    CHECK(text.find('\n') == std::string::npos);
  }
}

TEST_CASE("a connection string that became a key by a slip does not show its password") {
  for (const char* source : {"{ uri:mongodb://u:secret@h/d }", "{uri:mongodb://u:secret@h/d:}"}) {
    std::string text = read(source);
    CAPTURE(text);
    CHECK(text.find("has no value") != std::string::npos);
    CHECK(text.find("secret") == std::string::npos);
  }
}

std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

TEST_CASE("hostile files are refused soon") {
  constexpr int kMany = 50'000;
  CHECK(read(repeated("[", kMany)).find("more than 100 levels") != std::string::npos);
  CHECK(read(repeated("- ", kMany)).find("more than 100 levels") != std::string::npos);
  CHECK(read(repeated("%TAG !a! b\n", kMany)).find("start with %TAG") != std::string::npos);
  CHECK(read(repeated("!", kMany)).find("unknown tag") != std::string::npos);
}

TEST_CASE("a file that leaves no character to stand in for another says so") {
  std::string all = "a: \"";
  for (int block = 0; block < 1024; ++block) {
    constexpr char kDigits[] = "0123456789ABCDEF";
    int code = block * 64;
    all += "\\U0010";
    for (int shift = 12; shift >= 0; shift -= 4) all += kDigits[code >> shift & 0xF];
  }
  CHECK(read(all + "\"\n").starts_with("{a: "));
  CHECK(read(all + "\"\nb: \u2028").find("2:4: U+2028 cannot stand here") == 0);
}

}  // namespace
}  // namespace whimbrel::migration
