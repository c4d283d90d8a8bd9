// Operations that a server is busy with, and who asked for them.
#pragma once

#include <string>
#include <vector>

#include "mongo/health.h"

namespace whimbrel::mongo {

/// One operation of a client. Nothing of the documents or filters that it is about.
struct SlowOperation {
  std::string opid;  ///< for killOp; "shard:number" through a mongos
  double seconds = 0;
  std::string op;           ///< "query", "update", "command", …
  std::string command;      ///< its name: "find", "aggregate", …; "" where the server says none
  std::string ns;           ///< "database.collection"
  std::string client;       ///< "address:port"
  std::string application;  ///< appName, or the driver's name
  std::string user;         ///< "name@database", "" without authentication
  bool waits_for_lock = false;
};

/// Those that run for a second or longer, the longest first, at most `most`. Left out are those of
/// the server itself, replication, what waits on purpose (`hello`, tailable cursors that await
/// data), and this very question. kNotAuthorised without the privilege `inprog`.
Result<std::vector<SlowOperation>> read_slow_operations(Client& client, size_t most,
                                                        std::chrono::milliseconds patience);

/// The reply's meaning, apart from the asking.
std::vector<SlowOperation> parse_operations(View reply, size_t most);

}  // namespace whimbrel::mongo
