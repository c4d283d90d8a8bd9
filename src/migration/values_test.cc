#include "migration/values.h"

#include <doctest/doctest.h>

#include <cmath>

#include "migration/json.h"
#include "support/random_document.h"

namespace whimbrel::migration {
namespace {

/// The document of a YAML mapping, or the problems' texts joined.
std::string converted(const std::string& yaml) {
  ProblemList problems("f");
  auto root = parse_yaml(yaml, problems);
  mongo::Document document;
  if (root) document = to_document(*root, "it", problems);
  if (problems.empty()) return document.view().to_json();
  std::string text;
  for (const Problem& problem : problems.take()) text += problem.text() + "\n";
  return text;
}

struct Case {
  std::string yaml;
  std::string json;  ///< canonical, of the value of `v`
};

TEST_CASE("every type's Extended JSON becomes that type") {
  const Case kCases[] = {
      {"{ $oid: 507f1f77bcf86cd799439011 }", R"({ "$oid" : "507f1f77bcf86cd799439011" })"},
      {"{ $oid: 507111111111111111111e11 }", R"({ "$oid" : "507111111111111111111e11" })"},
      {"{ $date: 1970-01-01T00:00:01Z }", R"({ "$date" : { "$numberLong" : "1000" } })"},
      {"{ $date: '2025-12-26T13:05:09.125+01:30' }",
       R"({ "$date" : { "$numberLong" : "1766748909125" } })"},
      {"{ $date: '2025-12-26T13:05-0800' }",
       R"({ "$date" : { "$numberLong" : "1766783100000" } })"},
      {"{ $date: 2025-12-26 }", R"({ "$date" : { "$numberLong" : "1766707200000" } })"},
      {"{ $date: '1969-12-31T23:59:59.9Z' }", R"({ "$date" : { "$numberLong" : "-100" } })"},
      {"{ $date: { $numberLong: '-5' } }", R"({ "$date" : { "$numberLong" : "-5" } })"},
      {"{ $date: 1500 }", R"({ "$date" : { "$numberLong" : "1500" } })"},
      {"{ $numberInt: '-7' }", R"({ "$numberInt" : "-7" })"},
      {"{ $numberLong: '7' }", R"({ "$numberLong" : "7" })"},
      {"{ $numberLong: 7 }", R"({ "$numberLong" : "7" })"},
      {"{ $numberDouble: '1' }", R"({ "$numberDouble" : "1.0" })"},
      {"{ $numberDouble: '-0.0' }", R"({ "$numberDouble" : "-0.0" })"},
      {"{ $numberDouble: NaN }", R"({ "$numberDouble" : "NaN" })"},
      {"{ $numberDouble: -Infinity }", R"({ "$numberDouble" : "-Infinity" })"},
      {"{ $numberDecimal: 1.10 }", R"({ "$numberDecimal" : "1.10" })"},
      {"{ $binary: { base64: AQI=, subType: '80' } }",
       R"({ "$binary" : { "base64" : "AQI=", "subType" : "80" } })"},
      {"{ $binary: { base64: '', subType: 0 } }",
       R"({ "$binary" : { "base64" : "", "subType" : "00" } })"},
      {"{ $uuid: 00112233-4455-6677-8899-aabbccddeeff }",
       R"({ "$binary" : { "base64" : "ABEiM0RVZneImaq7zN3u/w==", "subType" : "04" } })"},
      {"{ $timestamp: { t: 4294967295, i: 1 } }",
       R"({ "$timestamp" : { "t" : 4294967295, "i" : 1 } })"},
      {"{ $regularExpression: { pattern: '^a', options: mi } }",
       R"({ "$regularExpression" : { "pattern" : "^a", "options" : "im" } })"},
      {"{ $regularExpression: { pattern: x } }",
       R"({ "$regularExpression" : { "pattern" : "x", "options" : "" } })"},
      {"{ $code: 'g(1);' }", R"({ "$code" : "g(1);" })"},
      {"{ $code: 'g(1);', $scope: { a: 1 } }",
       R"({ "$code" : "g(1);", "$scope" : { "a" : { "$numberInt" : "1" } } })"},
      {"{ $symbol: s }", R"({ "$symbol" : "s" })"},
      {"{ $dbPointer: { $ref: c, $id: { $oid: 507f1f77bcf86cd799439011 } } }",
       R"({ "$dbPointer" : { "$ref" : "c", "$id" : { "$oid" : "507f1f77bcf86cd799439011" } } })"},
      {"{ $minKey: 1 }", R"({ "$minKey" : 1 })"},
      {"{ $maxKey: 1 }", R"({ "$maxKey" : 1 })"},
      {"{ $undefined: true }", R"({ "$undefined" : true })"},
      {"!!binary AQ I=", R"({ "$binary" : { "base64" : "AQI=", "subType" : "00" } })"},
      {"2147483647", R"({ "$numberInt" : "2147483647" })"},
      {"2147483648", R"({ "$numberLong" : "2147483648" })"},
      {"-9223372036854775808", R"({ "$numberLong" : "-9223372036854775808" })"},
      {"1e3", R"({ "$numberDouble" : "1000.0" })"},
      {"$$NOW", R"("$$NOW")"},
      {"~", "null"},
      {"[1, [a]]", R"([ { "$numberInt" : "1" }, [ "a" ] ])"},
      {"{ $regex: '^a', $options: i }", R"({ "$regex" : "^a", "$options" : "i" })"},
      {"{ $gt: { $date: 0 } }", R"({ "$gt" : { "$date" : { "$numberLong" : "0" } } })"},
      {"{ $dateToString: { date: $d, format: '%Y' } }",
       R"({ "$dateToString" : { "date" : "$d", "format" : "%Y" } })"},
      {"{}", "{  }"},
  };
  for (const Case& row : kCases) {
    CAPTURE(row.yaml);
    std::string json = converted("v: " + row.yaml);
    CHECK(json == "{ \"v\" : " + row.json + " }");
  }
}

TEST_CASE("malformed Extended JSON is refused with what is allowed") {
  const Case kCases[] = {
      {"{ $oid: 507f }", "f:1:12: $oid must be 24 hexadecimal digits, not the text '507f'"},
      {"{ $date: 2025-02-29 }", "ISO date"},
      {"{ $date: 2025-01-01T00:00:00 }", "time zone"},
      {"{ $date: 2025-01-01T24:00:00Z }", "ISO date"},
      {"{ $date: 2025-01-01T00:00:00.0001Z }", "ISO date"},
      {"{ $date: '12' }", "ISO date"},
      {"{ $date: 1.5 }", "ISO date"},
      {"{ $numberInt: '2147483648' }", "32 bits"},
      {"{ $numberInt: '+1' }", "32 bits"},
      {"{ $numberLong: '9223372036854775808' }", "64 bits"},
      {"{ $numberLong: 1.0 }", "64 bits"},
      {"{ $numberDouble: inf }", "Infinity"},
      {"{ $numberDouble: 1e999 }", "Infinity"},
      {"{ $numberDecimal: x }", "34 digits"},
      {"{ $binary: AQI= }", "base64"},
      {"{ $binary: AQI=, $type: '00' }", "f:1:21: the old form with $type is not read"},
      {"{ $binary: { base64: 'AQI', subType: '00' } }", "padded base64"},
      {"{ $binary: { base64: 'AQ==', subType: '100' } }", "hexadecimal"},
      {"{ $binary: { base64: 'AQ==', subType: '00', x: 1 } }", "subType"},
      {"{ $uuid: 00112233445566778899aabbccddeeff }", "8-4-4-4-12"},
      {"{ $timestamp: { t: -1, i: 0 } }", "unsigned"},
      {"{ $timestamp: { t: 1 } }", "unsigned"},
      {"{ $regularExpression: x }", "pattern"},
      {"{ $regularExpression: { pattern: x, options: g } }", "letters among"},
      {"{ $code: 1 }", "text without NUL"},
      {"{ $scope: {} }", "$code"},
      {"{ $symbol: 1 }", "must be text"},
      {"{ $dbPointer: { $ref: c } }", "$id"},
      {"{ $minKey: 2 }", "must be 1"},
      {"{ $undefined: false }", "must be true"},
      {"{ $oid: 507f1f77bcf86cd799439011, x: 1 }", "f:1:38: 'x' cannot stand beside '$oid'"},
      {"{ a: 1, $oid: 507f1f77bcf86cd799439011 }", "f:1:6: 'a' cannot stand beside '$oid'"},
      {"9223372036854775808", "$numberDecimal: \"9223372036854775808\""},
      {"1e999", "does not fit"},
      {"!!int x", "not what its tag says"},
      {"!!bool 'yes'", "not what its tag says"},
      {"!!binary A", "padded base64"},
      {"{ \"a\\0b\": 1 }", "NUL"},
  };
  for (const Case& row : kCases) {
    CAPTURE(row.yaml);
    std::string text = converted("v: " + row.yaml);
    CAPTURE(text);
    CHECK(text.starts_with("f:"));
    CHECK(text.find(row.json) != std::string::npos);
  }
}

TEST_CASE("a list or value where a document is needed is refused") {
  CHECK(converted("[1]") == "f:1:1: it must be a mapping, not a list\n");
  CHECK(converted("{ $oid: x }") ==
        "f:1:3: it must be a document, and '$oid' makes it a single value\n");
}

/// Null when reading the JSON back gave other bytes.
bool same_after(std::optional<YamlNode> (*parse)(std::string_view, ProblemList&),
                const mongo::Document& document, const std::string& json) {
  ProblemList problems("f");
  auto root = parse(json, problems);
  if (!root) RC_FAIL(problems.take().front().text() + "\n" + json);
  mongo::Document again = to_document(*root, "it", problems);
  if (!problems.empty()) RC_FAIL(problems.take().front().text() + "\n" + json);
  return again.view().same_bytes(document);
}

TEST_CASE("a document of any types survives canonical Extended JSON byte for byte") {
  CHECK(rc::check("as YAML and as JSON", [] {
    mongo::Document document = test::random_document();
    std::string json = document.view().to_json();
    RC_ASSERT(same_after(parse_yaml, document, json));
    RC_ASSERT(same_after(parse_json, document, json));
  }));
}

}  // namespace
}  // namespace whimbrel::migration
