// The commands that make a collection as a backup has it.
#pragma once

#include <string>

#include "backup/metadata.h"

namespace whimbrel::backup {

/// `create` with the options of the definition, for this name; written by a majority.
mongo::Document create_command(const std::string& name, const Definition& definition);

/// The same with the definition's UUID, which only what a secondary is told of a new collection can
/// say: `applyOps` with a `create`; the role `restore` may do that (actions forceUUID and useUUID,
/// SERVER-31864). Not to be sent where the UUID is in the database under another name, or the name
/// has another UUID: the server would rename what is there.
mongo::Document create_with_uuid(const std::string& database, const std::string& name,
                                 const Definition& definition);

/// Every index but that of `_id`, as `createIndexes` takes it.
mongo::Array index_specs(const Definition& definition);

}  // namespace whimbrel::backup
