#include "mongo/uri.h"

#include <fmt/format.h>

#include "base/text.h"

namespace whimbrel::mongo {
namespace {

struct DestroyReadPreference {
  void operator()(mongoc_read_prefs_t* preference) const { mongoc_read_prefs_destroy(preference); }
};
using ReadPreference = std::unique_ptr<mongoc_read_prefs_t, DestroyReadPreference>;

}  // namespace

Result<UriHandle> parse_uri(const ConnectOptions& options) {
  prepare_driver();
  bson_error_t problem;
  UriHandle uri(mongoc_uri_new_with_error(options.uri.c_str(), &problem));
  if (!uri) {
    return Error{ErrorKind::kBadConfig,
                 fmt::format("'{}' is not a MongoDB connection string: {}", redact_uri(options.uri),
                             redact_secrets(problem.message, options.uri)),
                 "set mongodb.uri in whimbrel.yaml, WHIMBREL_URI or --uri"};
  }
  if (!mongoc_uri_has_option(uri.get(), MONGOC_URI_SERVERSELECTIONTIMEOUTMS)) {
    mongoc_uri_set_option_as_int32(uri.get(), MONGOC_URI_SERVERSELECTIONTIMEOUTMS,
                                   static_cast<int32_t>(options.server_selection.count()));
  }
  // What a migration reads, it goes on from; and transactions take no other read preference.
  ReadPreference primary(mongoc_read_prefs_new(MONGOC_READ_PRIMARY));
  mongoc_uri_set_read_prefs_t(uri.get(), primary.get());
  if (!mongoc_uri_get_appname(uri.get())) mongoc_uri_set_appname(uri.get(), "whimbrel");
  return uri;
}

UriHandle with_answer_limit(const mongoc_uri_t* uri, std::chrono::milliseconds answer) {
  UriHandle limited(mongoc_uri_copy(uri));
  if (!mongoc_uri_has_option(uri, MONGOC_URI_SOCKETTIMEOUTMS)) {
    mongoc_uri_set_option_as_int32(limited.get(), MONGOC_URI_SOCKETTIMEOUTMS,
                                   static_cast<int32_t>(answer.count()));
  }
  return limited;
}

}  // namespace whimbrel::mongo
