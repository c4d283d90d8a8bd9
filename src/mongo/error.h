// The one place where a driver's error becomes an Error.
#pragma once

#include "base/result.h"
#include "mongo/bson.h"

namespace whimbrel::mongo {

/// True when the server had no room on its disk, which no document is to blame for.
bool is_out_of_room(const Error& error);

/// From the driver's error and the server's reply (labels; may be empty).
Error to_error(const bson_error_t& problem, View reply);
/// From one entry of `writeErrors`, or a `writeConcernError`.
Error to_error(View server_error, View reply);

}  // namespace whimbrel::mongo
