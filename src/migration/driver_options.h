// `mongodb.options` of a JavaScript configuration, as far as our own connection has them.
#pragma once

#include <string>
#include <vector>

#include "mongo/bson.h"

namespace whimbrel::migration {

struct MergedUri {
  std::string uri;
  std::vector<std::string> unmapped;  ///< options that a connection string cannot say
};

/// `uri` with the options put into it; an option goes before one of the same name in the string, as
/// in the Node driver. `auth: { username, password }` becomes the user of the string. Pool sizes
/// and the long obsolete useNewUrlParser and useUnifiedTopology mean nothing here and are left out.
/// Source of the names: "Connection Options" of the MongoDB manual.
MergedUri merge_driver_options(const std::string& uri, mongo::View options);

}  // namespace whimbrel::migration
