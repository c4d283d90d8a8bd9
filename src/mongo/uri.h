// A connection string with the options that whimbrel adds to it.
#pragma once

#include <mongoc/mongoc.h>

#include <memory>

#include "mongo/client.h"

namespace whimbrel::mongo {

struct DestroyUri {
  void operator()(mongoc_uri_t* uri) const { mongoc_uri_destroy(uri); }
};
using UriHandle = std::unique_ptr<mongoc_uri_t, DestroyUri>;

/// What the user's connection string does not set is set here; all reads go to the primary,
/// whatever it prefers. kBadConfig, without the password, for what is none.
Result<UriHandle> parse_uri(const ConnectOptions& options);

/// A copy for connections that wait at most `answer` for each answer; a socketTimeoutMS of the
/// user's goes before it.
UriHandle with_answer_limit(const mongoc_uri_t* uri, std::chrono::milliseconds answer);

}  // namespace whimbrel::mongo
