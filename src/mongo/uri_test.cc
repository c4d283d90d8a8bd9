#include "mongo/uri.h"

#include <doctest/doctest.h>

namespace whimbrel::mongo {
namespace {

int limit_of(const std::string& uri) {
  UriHandle parsed = parse_uri({.uri = uri}).value();
  UriHandle limited = with_answer_limit(parsed.get(), std::chrono::seconds(60));
  return mongoc_uri_get_option_as_int32(limited.get(), MONGOC_URI_SOCKETTIMEOUTMS, -1);
}

}  // namespace

TEST_CASE("an answer is waited for as long as the connection string says, or else as we say") {
  CHECK(limit_of("mongodb://127.0.0.1/") == 60'000);
  CHECK(limit_of("mongodb://127.0.0.1/?socketTimeoutMS=2000") == 2'000);
  CHECK(limit_of("mongodb://127.0.0.1/?socketTimeoutMS=3600000") == 3'600'000);
}

TEST_CASE("reads go to the primary, whatever the connection string prefers") {
  UriHandle uri = parse_uri({.uri = "mongodb://127.0.0.1/?readPreference=secondary"}).value();
  CHECK(mongoc_read_prefs_get_mode(mongoc_uri_get_read_prefs_t(uri.get())) == MONGOC_READ_PRIMARY);
}

}  // namespace whimbrel::mongo
