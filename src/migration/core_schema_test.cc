#include "migration/core_schema.h"

#include <doctest/doctest.h>

#include <cmath>

namespace whimbrel::migration {
namespace {

using Type = CoreValue::Type;

CoreValue plain(std::string text) {
  YamlNode node;
  node.kind = YamlNode::Kind::kScalar;
  node.text = std::move(text);
  return resolve(node);
}

TEST_CASE("plain scalars follow the YAML 1.2 core schema") {
  for (const char* text : {"", "~", "null", "Null", "NULL"}) CHECK(plain(text).type == Type::kNull);
  for (const char* text : {"true", "True", "TRUE"}) {
    CHECK(plain(text).type == Type::kBool);
    CHECK(plain(text).boolean);
  }
  for (const char* text : {"false", "False", "FALSE"}) {
    CHECK(plain(text).type == Type::kBool);
    CHECK_FALSE(plain(text).boolean);
  }
  for (const char* text :
       {"no",   "No",   "yes", "on",  "off", "y",     "n",     "tRUE",  "nULL",
        "0b1",  "0o8",  "0xG", "0x",  "0o",  "1_000", "1:30",  "1.2.3", "e3",
        ".",    "+",    "-",   "1e",  "1e+", "--1",   ".inf2", "+.nan", "2025-12-26",
        "0x-1", "-0x1", "12a", "inf", "NaN", "<<",    "=",     "$x"}) {
    CAPTURE(text);
    CHECK(plain(text).type == Type::kString);
  }
}

TEST_CASE("integers are decimal, 0o octal or 0x hexadecimal") {
  const std::pair<const char*, int64_t> kCases[] = {{"0", 0},
                                                    {"-0", 0},
                                                    {"+12", 12},
                                                    {"-19", -19},
                                                    {"0777", 777},
                                                    {"0o777", 511},
                                                    {"0xFF", 255},
                                                    {"0xff", 255},
                                                    {"9223372036854775807", INT64_MAX},
                                                    {"-9223372036854775808", INT64_MIN}};
  for (const auto& [text, value] : kCases) {
    CAPTURE(text);
    CHECK(plain(text).type == Type::kInt);
    CHECK(plain(text).integer == value);
  }
  CHECK(plain("9223372036854775808").type == Type::kTooBig);
  CHECK(plain("0xFFFFFFFFFFFFFFFF").type == Type::kTooBig);
}

TEST_CASE("floats need a dot or an exponent, or are .inf or .nan") {
  const std::pair<const char*, double> kCases[] = {
      {"1e3", 1000}, {"1.", 1},     {".5", 0.5},   {"+1.5", 1.5},  {"-1.5E-1", -0.15},
      {"0.1", 0.1},  {"-.5", -0.5}, {"1.e2", 100}, {"12e+2", 1200}};
  for (const auto& [text, value] : kCases) {
    CAPTURE(text);
    CHECK(plain(text).type == Type::kFloat);
    CHECK(plain(text).number == value);
  }
  CHECK(std::signbit(plain("-0.0").number));
  CHECK(std::isnan(plain(".nan").number));
  CHECK(std::isnan(plain(".NaN").number));
  CHECK(plain(".inf").number == INFINITY);
  CHECK(plain("+.Inf").number == INFINITY);
  CHECK(plain("-.INF").number == -INFINITY);
  CHECK(plain("1e999").type == Type::kTooBig);
}

TEST_CASE("quotes make text, and tags say what a scalar is") {
  YamlNode node;
  node.kind = YamlNode::Kind::kScalar;
  node.text = "5";
  node.quoted = true;
  CHECK(resolve(node).type == Type::kString);
  node.tag = YamlTag::kInt;
  CHECK(resolve(node).type == Type::kInt);
  node.tag = YamlTag::kFloat;
  CHECK(resolve(node).type == Type::kFloat);
  node.tag = YamlTag::kStr;
  CHECK(resolve(node).type == Type::kString);
  node.tag = YamlTag::kBool;
  CHECK(resolve(node).type == Type::kMismatch);
  node.tag = YamlTag::kNull;
  CHECK(resolve(node).type == Type::kMismatch);
}

}  // namespace
}  // namespace whimbrel::migration
