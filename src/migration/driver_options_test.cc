#include "migration/driver_options.h"

#include <doctest/doctest.h>

using namespace whimbrel;
using migration::merge_driver_options;
using mongo::make_document;

TEST_CASE(
    "driver options become options of the connection string, replacing those of the same name") {
  auto merged = merge_driver_options("mongodb://u:p@h:1,h2/db?tls=false&replicaSet=a",
                                     make_document("tls", true, "appName", "a b", "w", 2));
  CHECK(merged.uri == "mongodb://u:p@h:1,h2/db?replicaSet=a&tls=true&appName=a%20b&w=2");
  CHECK(merged.unmapped.empty());
}

TEST_CASE("auth becomes the user of the connection string, escaped") {
  auto merged = merge_driver_options(
      "mongodb://h", make_document("auth", make_document("username", "me", "password", "p@ss/:")));
  CHECK(merged.uri == "mongodb://me:p%40ss%2F:@h/");
}

TEST_CASE("what a connection string cannot say is named, and pool sizes mean nothing") {
  auto merged = merge_driver_options(
      "mongodb+srv://h/db", make_document("useNewUrlParser", true, "maxPoolSize", 5, "pkFactory",
                                          mongo::Document(), "autoEncryption", mongo::Document()));
  CHECK(merged.uri == "mongodb+srv://h/db");
  CHECK(merged.unmapped == std::vector<std::string>{"pkFactory", "autoEncryption"});
}
