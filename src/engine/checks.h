// A step's `check:` items, asked of the server.
#pragma once

#include <vector>

#include "migration/migration.h"
#include "mongo/client.h"

namespace whimbrel {

/// An Error naming the first check that does not hold, with the figure and up to three `_id`s.
Status run_checks(mongo::Client& client, const std::string& database, const std::string& collection,
                  const std::vector<Check>& checks, mongo::Session* session = nullptr);

}  // namespace whimbrel
