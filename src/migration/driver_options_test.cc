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

TEST_CASE("objects of the driver become the options that the connection string has for them") {
  auto merged = merge_driver_options(
      "mongodb://h/?w=1",
      make_document("writeConcern", make_document("w", "majority", "j", true, "wtimeout", 5000),
                    "readConcern", make_document("level", "majority"), "readPreference",
                    make_document("mode", "secondary", "maxStalenessSeconds", 90)));
  CHECK(merged.uri ==
        "mongodb://h/?w=majority&journal=true&wtimeoutMS=5000&readConcernLevel=majority"
        "&readPreference=secondary&maxStalenessSeconds=90");
  CHECK(merged.unmapped.empty());
}

TEST_CASE("texts in place of those objects, and older names, are understood") {
  auto merged = merge_driver_options(
      "mongodb://h", make_document("writeConcern", "majority", "readConcern", "local", "wtimeout",
                                   100, "j", false, "appname", "app"));
  CHECK(merged.uri ==
        "mongodb://h/?w=majority&readConcernLevel=local&wtimeoutMS=100&journal=false&appname=app");
}

TEST_CASE("each tag set is an option of its own, in the order that it has") {
  mongo::Array sets;
  sets.add(make_document("dc", "ny", "rack", 1))
      .add(make_document("dc", "sf"))
      .add(mongo::Document());
  const char* expected =
      "mongodb://h/?readPreference=nearest&readPreferenceTags=dc:ny,rack:1"
      "&readPreferenceTags=dc:sf&readPreferenceTags=";
  mongo::Document options = make_document("readPreference", "nearest");
  options.append_array("readPreferenceTags", sets.view());
  CHECK(merge_driver_options("mongodb://h", options).uri == expected);
  mongo::Document object = make_document("mode", "nearest");
  object.append_array("tags", sets.view());
  CHECK(merge_driver_options("mongodb://h", make_document("readPreference", object)).uri ==
        expected);
}

TEST_CASE("lists and properties are written with commas") {
  mongo::Array compressors;
  compressors.add("zlib").add("zstd");
  mongo::Document options;
  options.append_array("compressors", compressors.view());
  options.append("authMechanismProperties",
                 make_document("SERVICE_NAME", "db", "CANONICALIZE_HOST_NAME", true));
  auto merged = merge_driver_options("mongodb://h", options);
  CHECK(merged.uri ==
        "mongodb://h/?compressors=zlib,zstd"
        "&authMechanismProperties=SERVICE_NAME:db,CANONICALIZE_HOST_NAME:true");
}

TEST_CASE("ssl names become tls names, where our connection reads such files") {
  auto merged = merge_driver_options(
      "mongodb://h", make_document("sslCA", "ca.pem", "sslCert", "me.pem", "sslKey", "me.pem",
                                   "sslPass", "secret", "sslValidate", false));
  CHECK(merged.uri ==
        "mongodb://h/?tlsCAFile=ca.pem&tlsCertificateKeyFile=me.pem"
        "&tlsCertificateKeyFilePassword=secret&tlsAllowInvalidCertificates=true");
  auto apart = merge_driver_options(
      "mongodb://h",
      make_document("sslCA", "-----BEGIN CERTIFICATE-----", "sslCert", "a.pem", "sslKey", "b.pem"));
  CHECK(apart.uri == "mongodb://h");
  CHECK(apart.unmapped == std::vector<std::string>{"sslCA", "sslCert", "sslKey"});
}

TEST_CASE("a field of such an object that a connection string cannot say is named") {
  auto merged = merge_driver_options(
      "mongodb://h",
      make_document("readPreference",
                    make_document("mode", "nearest", "hedge", make_document("enabled", true)),
                    "authMechanismProperties", make_document("ENVIRONMENT", mongo::Document())));
  CHECK(merged.uri == "mongodb://h/?readPreference=nearest");
  CHECK(merged.unmapped ==
        std::vector<std::string>{"readPreference.hedge", "authMechanismProperties"});
}
