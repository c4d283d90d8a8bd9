// The one place where a driver's error becomes an Error.
#pragma once

#include "base/result.h"
#include "mongo/bson.h"

namespace whimbrel::mongo {

/// True when the server had no room on its disk, which no document is to blame for.
bool is_out_of_room(const Error& error);

/// True when the server ended the transaction by itself: killed, or older than its
/// transactionLifetimeLimitSeconds (60 by default).
bool was_aborted(const Error& error);
/// The latter, where the server says so; it may only say that there is no such transaction.
bool lived_too_long(const Error& error);

/// From the driver's error and the server's reply (labels; may be empty).
Error to_error(const bson_error_t& problem, View reply);
/// Of a commit. Unless the server vouches that nothing was committed, whatever passes leaves the
/// outcome unknown: the wait for a majority may have been cut off behind the commit.
Error to_commit_error(const bson_error_t& problem, View reply);
/// From one entry of `writeErrors`, or a `writeConcernError`.
Error to_error(View server_error, View reply);

/// A server that is stepping down, or whose operation was killed, answers `ok: 1`, but that it
/// refused a write or could not wait for a majority: such a reply as the Error that it is. Others
/// as they are.
Result<Document> passing_refusal_as_error(Result<Document> reply);

}  // namespace whimbrel::mongo
