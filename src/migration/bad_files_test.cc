// What a wrong migration file says: place and message of each.
#include <doctest/doctest.h>

#include "migration/load.h"

namespace whimbrel {
namespace {

struct BadFile {
  std::string source;
  int line;
  int column;
  std::string fragment;
};

void check_all(const std::string& file, std::initializer_list<BadFile> cases) {
  for (const BadFile& bad : cases) {
    CAPTURE(bad.source);
    CAPTURE(bad.fragment);
    Loaded loaded = load_migration(file, bad.source);
    REQUIRE(std::holds_alternative<std::vector<Problem>>(loaded));
    const auto& problems = std::get<std::vector<Problem>>(loaded);
    REQUIRE_FALSE(problems.empty());
    std::string text = problems[0].text();
    CAPTURE(text);
    CHECK(problems[0].line == bad.line);
    CHECK(problems[0].column == bad.column);
    CHECK(problems[0].message.find(bad.fragment) != std::string::npos);
    CHECK(problems.size() == 1);
  }
}

/// A file with this one step; the step's first key is at 2:5.
std::string with_step(const std::string& step, const std::string& more = "") {
  return "steps:\n  - " + step + "\n" + more;
}

TEST_CASE("text that is not strict YAML is refused at its place") {
  const std::string update = "steps: [ { update: c, with: { $set: { a: 1 } } } ]";
  check_all(
      "f.yaml",
      {
          {"", 0, 0, "the file is empty"},
          {"# nothing\n", 0, 0, "the file is empty"},
          {"[1]", 1, 1, "a mapping with 'steps"},
          {update + "\n---\n" + update, 2, 1, "only one YAML document"},
          {update + "\nsteps: []", 2, 1, "'steps' is already on line 1"},
          {with_step("update: c\n    with: { $set: { a: 1, a: 2 } }"), 3, 27, "'a' is already on"},
          {"a: 1\n\tb: 2", 2, 1, "a tab cannot indent"},
          {"steps: 'x", 1, 10, "never closed"},
          {"steps: \"x\" y", 1, 12, "quote"},
          {"a: b: c", 1, 5, "a ':' is not allowed here"},
          {"steps: [1, 2", 1, 8, "this '[' is never closed"},
          {"steps: { a: 1", 1, 8, "this '{' is never closed"},
          {"steps: { a: 1 ]", 1, 15, "does not match"},
          {"steps: [1, , 2]", 1, 12, "nothing before this ','"},
          {with_step("delete: c\n    where: { a:1 }"), 3, 14, "the key 'a:1' has no value"},
          {"steps: @x", 1, 8, "quote the text"},
          {"steps: *x", 1, 8, "no anchor before it"},
          {"steps: &x [ *x ]", 1, 13, "contains it"},
          {"steps:\n  - <<: { a: 1 }", 2, 5, "merge keys"},
          {"steps:\n  ? [a]\n  : b", 2, 5, "a key must be a single word"},
          {"steps: { ~: 1 }", 1, 10, "must be quoted"},
          {"steps: !custom x", 1, 8, "unknown tag '!custom'"},
          {"steps: !!timestamp x", 1, 8, "unknown tag 'timestamp'"},
          {"steps: !!set { a }", 1, 8, "unknown tag 'set'"},
          {"a: \xC3\xA9\nb: \xFF", 2, 4, "0xFF is not valid UTF-8"},
          {std::string("a: \0", 4), 1, 4, "U+0000"},
          {"é: \x07", 1, 4, "U+0007"},
          {"a: " + std::string(101, '[') + std::string(101, ']'), 1, 103, "more than 100 levels"},
          {"ééé: [1, , 2]", 1, 10, "nothing before this ','"},
      });
}

TEST_CASE("aliases that expand without bound are refused") {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i <= 6; ++i) {
    std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int j = 1; j < 10; ++j) bomb += ", " + before;
    bomb += "]\n";
  }
  check_all("f.yaml", {{bomb, 5, 45, "more than 100000 values"}});
}

TEST_CASE("a file of more values than a tree may have is refused") {
  std::string list = "[";
  for (int i = 0; i < 1'000'000; ++i) list += "a,";
  check_all("f.yaml", {{list + "a]", 1, 2'000'000, "at most 1000000 values"}});
}

TEST_CASE("a .json file is strict JSON") {
  check_all("f.json", {
                          {"", 1, 1, "starts with '{'"},
                          {"[]", 1, 1, "starts with '{'"},
                          {"steps: []", 1, 1, "starts with '{'"},
                          {"{ // no\n}", 1, 3, "no comments"},
                          {"{ \"steps\": [1,] }", 1, 15, "trailing ','"},
                          {"{ \"a\": 1, }", 1, 11, "trailing ','"},
                          {"{ 'a': 1 }", 1, 3, "double quotes"},
                          {"{ \"a\": yes }", 1, 8, "not JSON"},
                          {"{ \"a\": 01 }", 1, 10, "leading zeros"},
                          {"{ \"a\": 1. }", 1, 10, "digits after the '.'"},
                          {"{ \"a\": \"\\x\" }", 1, 9, "escape"},
                          {"{ \"a\": \"\\ud800x\" }", 1, 9, "surrogate"},
                          {"{ \"a\": \"\n\" }", 1, 9, "\\n"},
                          {"{ \"a\": 1", 1, 9, "ends too early"},
                          {"{ \"a\" 1 }", 1, 7, "expected ':'"},
                          {"{} x", 1, 4, "nothing may follow"},
                      });
  check_all("f.json",
            {{"{\n  \"steps\": [ { \"drop\": \"c\" } ] }", 2, 16, "unknown step 'drop'"}});
}

TEST_CASE("wrong keys and values at the top are refused") {
  const std::string steps = "steps: [ { update: c, with: { $set: { a: 1 } } } ]\n";
  check_all("f.yaml",
            {
                {"description: x", 1, 1, "needs 'steps"},
                {"steps: []", 1, 8, "at least one step"},
                {"steps:\n", 1, 1, "at least one step, not nothing"},
                {"steps: { update: c }", 1, 8, "a list of at least one step, not a mapping"},
                {"setps: x\n" + steps, 1, 1,
                 "unknown key 'setps' of a migration (did you mean 'steps'?)"},
                {"description: 5\n" + steps, 1, 14, "must be text (in quotes), not the number 5"},
                {"tags: a\n" + steps, 1, 7, "tags must be a list of texts"},
                {"tags: [a, a]\n" + steps, 1, 11, "'a' is in tags already"},
                {"environments: [1]\n" + steps, 1, 16, "must be text (in quotes)"},
                {"transaction: yes\n" + steps, 1, 14, "true or false, not the text 'yes'"},
                {steps + "down: jornal", 2, 7, "'journal' or a list of steps"},
                {steps + "down: []", 2, 7, "down must be a list of at least one step"},
            });
}

TEST_CASE("a step is exactly one known thing on one allowed collection") {
  check_all(
      "f.yaml",
      {
          {"steps: [x]", 1, 9, "a step must be a mapping"},
          {with_step("updat: c"), 2, 5,
           "unknown step 'updat' (did you mean 'update'?); allowed: update, delete"},
          {with_step("update: c\n    delete: c"), 3, 5, "'update' and 'delete'"},
          {with_step("update: c\n    wher: {}\n    with: { $set: { a: 1 } }"), 3, 5,
           "unknown key 'wher' of the step 'update' (did you mean 'where'?)"},
          {with_step("update:\n    with: { $set: { a: 1 } }"), 2, 5, "must be text, not nothing"},
          {with_step("update: a$b\n    with: { $set: { a: 1 } }"), 2, 13, "must not contain '$'"},
          {with_step("update: system.users\n    with: { $set: { a: 1 } }"), 2, 13, "reserved"},
          {with_step("delete: whimbrel_runs\n    where: {}"), 2, 13, "belongs to whimbrel"},
          {with_step("delete: c"), 2, 5, "delete needs 'where'"},
          {with_step("delete: c\n    where: []"), 3, 12, "where must be a mapping, not a list"},
          {with_step("copy: a"), 2, 5, "copy needs 'to'"},
          {with_step("copy: a\n    to: a"), 3, 9, "another collection"},
          {with_step("copy: a\n    to: b\n    with: { $set: { a: 1 } }"), 4, 11,
           "a list of stages"},
          {with_step("copy: a\n    to: b\n    with: [ { $match: {} } ]"), 4, 15, "'$match'"},
          {with_step("renameCollection: a\n    to: a"), 3, 9, "that name already"},
          {with_step("collMod: a"), 2, 5, "at least one of validator"},
          {with_step("collMod: a\n    validationLevel: strong"), 3, 22, "'strong'"},
          {with_step("command: {}\n    irreversible: true"), 2, 14, "must name a command"},
          {with_step("command: ping\n    irreversible: true"), 2, 14, "must be a mapping"},
          {with_step("createCollection: a\n    options: { capped: true }"), 3, 24, "needs 'size'"},
          {with_step("createCollection: a\n    options: { writeConcern: {} }"), 3, 16,
           "whimbrel's"},
          {with_step("createCollection: a\n    options: { sise: 1 }"), 3, 16,
           "did you mean 'size'?"},
      });
}

TEST_CASE("what an update cannot do is refused") {
  auto with = [](const std::string& value) { return with_step("update: c\n    with: " + value); };
  check_all(
      "f.yaml",
      {
          {with_step("update: c"), 2, 5, "update needs 'with'"},
          {with("x"), 3, 11, "a list of stages or a mapping of update operators"},
          {with("{ a: 1 }"), 3, 11, "cannot replace documents"},
          {with("{}"), 3, 11, "whole document"},
          {with("{ $sett: { a: 1 } }"), 3, 13, "'$sett' (did you mean '$set'?)"},
          {with("{ $set: 1 }"), 3, 19, "a mapping of fields"},
          {with("{ $set: { _id: 1 } }"), 3, 21, "_id of a document"},
          {with("{ $set: { a..b: 1 } }"), 3, 21, "no field path"},
          {with("{ $set: { $a: 1 } }"), 3, 21, "needs field names"},
          {with("{ $inc: { a: '1' } }"), 3, 24, "a number, not the text '1'"},
          {with("{ $pop: { a: 2 } }"), 3, 24, "1 (the last item)"},
          {with("{ $rename: { a: a } }"), 3, 27, "another field name"},
          {with("{ $rename: { a: _id } }"), 3, 27, "_id of a document"},
          {with("{ $currentDate: { a: now } }"), 3, 32, "{ $type: date }"},
          {with("{ $set: { a: 1 }, $unset: { a.b: '' } }"), 3, 39, "conflicts with 'a'"},
          {with("{ $set: { 'a.$[x].b': 1 } }"), 3, 21, "no array filter says"},
          {with("{ $set: { a: 1 } }\n    arrayFilters: [ { x: 1 } ]"), 4, 19, "no field path uses"},
          {with("[]"), 3, 11, "a list of stages"},
          {with("[ { $set: { a: 1 }, $unset: b } ]"), 3, 13, "exactly one key"},
          {with("[ { $lookup: {} } ]"), 3, 15, "'$lookup'"},
          {with("[ { $unset: $a } ]"), 3, 23, "a field name or a list"},
          {with("[ { $set: { _id: 1 } } ]"), 3, 23, "_id of a document"},
          {with("[ { $replaceRoot: $a } ]"), 3, 29, "newRoot"},
          {with("[ { $set: { a: 1 } } ]\n    arrayFilters: []"), 4, 19, "not a pipeline"},
          {with("{ $set: { a: 99999999999999999999 } }"), 3, 24, "$numberDecimal"},
          {with("{ $set: { a: { $oid: x } } }"), 3, 32, "24 hexadecimal digits"},
      });
}

TEST_CASE("wrong options of a step are refused") {
  auto option = [](const std::string& text) {
    return with_step("update: c\n    with: { $set: { a: 1 } }\n    " + text);
  };
  check_all("f.yaml", {
                          {option("workers: 0"), 4, 14, "auto or a whole number"},
                          {option("workers: many"), 4, 14, "auto or a whole number"},
                          {option("journal: maybe"), 4, 14, "on or off"},
                          {option("irreversible: 1"), 4, 19, "true or false, not the number 1"},
                          {option("batch: 0"), 4, 12, "a whole number from 1"},
                          {option("batch: { doc: 5 }"), 4, 14, "did you mean 'docs'?"},
                          {option("batch: { bytes: lots }"), 4, 21, "a size such as 8MiB"},
                          {option("batch: { time: 5 }"), 4, 20, "a duration such as"},
                          {option("batch: { time: 31s }"), 4, 20, "at most 30s"},
                          {option("batch: { bytes: 49MiB }"), 4, 21, "at most 48MiB"},
                          {option("check: {}"), 4, 12, "check must be a list"},
                          {option("check: [ {} ]"), 4, 14, "a check must be { none"},
                          {option("check: [ { none: 1 } ]"), 4, 22, "none must be a mapping"},
                          {option("check: [ { none: {}, all: {} } ]"), 4, 26,
                           "unknown key 'all' of the check 'none'"},
                          {option("check: [ { count: {} } ]"), 4, 14, "needs 'equals'"},
                          {option("check: [ { count: {}, equals: -1 } ]"), 4, 35, "at least 0"},
                          {option("check: [ { aggregate: [ { $out: x } ], empty: true } ]"), 4, 29,
                           "only reads"},
                          {option("check: [ { aggregate: [] } ]"), 4, 14, "'empty: true'"},
                      });
}

TEST_CASE("wrong documents and indexes are refused") {
  auto insert = [](const std::string& list) {
    return with_step("insert: c\n    documents: " + list);
  };
  auto indexes = [](const std::string& list) {
    return with_step("createIndexes: c\n    indexes: " + list);
  };
  auto drop = [](const std::string& list) {
    return with_step("dropIndexes: c\n    indexes: " + list);
  };
  check_all(
      "f.yaml",
      {
          {insert("[]"), 3, 16, "at least one document"},
          {insert("[ { a: 1 } ]"), 3, 18, "needs an '_id'"},
          {insert("[ { _id: [1] } ]"), 3, 25, "neither a list"},
          {insert("[ { _id: 1 }, { _id: 1.0 } ]"), 3, 37, "has the _id"},
          {insert("[ { $oid: 507f1f77bcf86cd799439011 } ]"), 3, 20, "a single value"},
          {with_step("createIndexes: c"), 2, 5, "needs 'indexes'"},
          {indexes("[]"), 3, 14, "at least one index"},
          {indexes("[ { unique: true } ]"), 3, 16, "an index needs 'key'"},
          {indexes("[ { key: {} } ]"), 3, 23, "at least one field"},
          {indexes("[ { key: { a: up } } ]"), 3, 28, "kind of index 'up'"},
          {indexes("[ { key: { a: 0 } } ]"), 3, 28, "1, -1 or one of"},
          {indexes("[ { key: { a: 1 }, uniqe: true } ]"), 3, 33, "did you mean 'unique'?"},
          {indexes("[ { key: { a: 1 }, unique: 1 } ]"), 3, 41, "true or false"},
          {indexes("[ { key: { a: 1 } }, { key: { a: 1 } } ]"), 3, 35, "is named 'a_1'"},
          {indexes("[ { key: { a: 1, b: 1 }, expireAfterSeconds: 5 } ]"), 3, 59, "single field"},
          {with_step("dropIndexes: c"), 2, 5, "needs 'indexes'"},
          {drop("[]"), 3, 14, "a list of names or keys"},
          {drop("['*', a_1]"), 3, 15, "stands alone"},
          {drop("[_id_]"), 3, 15, "cannot be dropped"},
      });
}

TEST_CASE("a step that cannot be undone must say so") {
  check_all(
      "f.yaml",
      {
          {with_step("dropCollection: c"), 2, 5, "the dropped documents are gone"},
          {with_step("command: { ping: 1 }"), 2, 5, "a command without 'reverse'"},
          {with_step("update: c\n    with: { $set: { a: 1 } }\n    journal: off"), 2, 5,
           "journal: off"},
          {with_step("delete: c\n    where: {}\n    journal: false"), 2, 5, "irreversible: true"},
          {with_step("dropCollection: c", "down: journal"), 2, 5, "cannot be undone"},
      });
}

TEST_CASE("a transaction takes only steps that the server runs in one") {
  const std::string yes = "transaction: true\n";
  check_all(
      "f.yaml",
      {
          {yes + with_step("createIndexes: c\n    indexes: [ { key: { a: 1 } } ]"), 3, 5,
           "new, empty"},
          {yes + with_step("renameCollection: c\n    to: d"), 3, 5, "multi-document transaction"},
          {yes + with_step("update: c\n    with: { $set: { a: 1 } }\n    workers: 2"), 5, 14,
           "only be 1"},
          {yes + with_step("delete: c\n    where: {}\n    journal: off\n    irreversible: true"), 5,
           14, "'journal: off' has no use"},
          {yes + with_step("delete: c\n    where: {}", "down: [ { dropCollection: c } ]"), 5, 11,
           "'dropCollection' cannot be part"},
      });
}

TEST_CASE("all problems of a file are found, in the order of the file") {
  Loaded loaded = load_migration("f.yaml",
                                 "descripton: x\n"
                                 "steps:\n"
                                 "  - update: c\n"
                                 "    wher: {}\n"
                                 "    with: { $set: { a: { $oid: 1 }, b: 1, b: 2 } }\n"
                                 "  - delete: d\n"
                                 "down: nothing\n");
  const auto& problems = std::get<std::vector<Problem>>(loaded);
  REQUIRE(problems.size() == 6);
  CHECK(problems[0].text() ==
        "f.yaml:1:1: unknown key 'descripton' of a migration (did you mean 'description'?); "
        "allowed: description, steps, down, environments, tags, transaction");
  for (size_t i = 1; i < problems.size(); ++i) CHECK(problems[i - 1].line <= problems[i].line);
}

}  // namespace
}  // namespace whimbrel
