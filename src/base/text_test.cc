#include "base/text.h"

#include <doctest/doctest.h>

using namespace whimbrel;

TEST_CASE("counts are grouped by thousands, negative ones too") {
  CHECK(with_commas(0) == "0");
  CHECK(with_commas(999) == "999");
  CHECK(with_commas(1000) == "1,000");
  CHECK(with_commas(-1234567) == "-1,234,567");
}

TEST_CASE("durations say their unit, and a number without one is refused") {
  CHECK(parse_duration("100ms").value().count() == 100);
  CHECK(parse_duration("1h30m").value().count() == 5'400'000);
  CHECK(parse_duration("30d").value().count() == 2'592'000'000);
  for (const char* bad : {"", "5", "5x", "-1s", "nans", "infs", "1e300d", "s"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_duration(bad));
  }
}

TEST_CASE("sizes are binary or decimal by their unit") {
  CHECK(parse_bytes("8MiB").value() == 8 << 20);
  CHECK(parse_bytes("1.5 KiB").value() == 1536);
  CHECK(parse_bytes("100 MB").value() == 100'000'000);
  CHECK_FALSE(parse_bytes("8 bananas"));
  CHECK_FALSE(parse_bytes("MiB"));
}

TEST_CASE("times are UTC with milliseconds, before 1970 as well") {
  CHECK(iso_time(0) == "1970-01-01T00:00:00.000Z");
  CHECK(iso_time(-1) == "1969-12-31T23:59:59.999Z");
  CHECK(iso_time(1795396134412) == "2026-11-23T01:08:54.412Z");
  CHECK(file_stamp(1795396134412) == "20261123010854");
}

TEST_CASE("a word with a slip finds the one that was meant, a strange one finds none") {
  std::vector<std::string> words = {"status", "plan", "up", "down", "unlock"};
  CHECK(nearest("statsu", words) == "status");
  CHECK(nearest("pln", words) == "plan");
  CHECK(nearest("migrate", words).empty());
}

TEST_CASE("no form of a connection string shows its password") {
  for (const char* uri :
       {"mongodb://ada:s3cr3t@h1,h2/app", "mongodb://ada:s3cr3t@h/?authSource=admin",
        "mongodb+srv://ada:s3cr3t@cluster.example.net", "mongodb://ada:s3cr3t/with/slash@h/app",
        "mongodb://ada:s3cr3t", "mongodb://ada:s3cr3t%40x@h/",
        "mongodb://h/?tlsCertificateKeyFilePassword=s3cr3t&tls=true"}) {
    CAPTURE(uri);
    std::string shown = redact_uri(uri);
    bool has_at = std::string_view(uri).find('@') != std::string_view::npos ||
                  std::string_view(uri).find("Password") != std::string_view::npos;
    if (has_at) CHECK(shown.find("s3cr3t") == std::string::npos);
  }
  CHECK(redact_uri("mongodb://h1,h2/app") == "mongodb://h1,h2/app");
  CHECK(redact_secrets("cannot use p@ss here", "mongodb://u:p%40ss@h") == "cannot use *** here");
}

TEST_CASE("globs match whole names") {
  CHECK(glob_matches("*split*", "20260101-split_name.yaml"));
  CHECK(glob_matches("2026???1-*", "20260101-x.yaml"));
  CHECK_FALSE(glob_matches("split", "20260101-split_name.yaml"));
}
