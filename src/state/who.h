// What state documents say of their author and of the time they were written at.
#pragma once

#include "base/process.h"
#include "mongo/collection.h"

namespace whimbrel {

/// `{user, host, pid}`.
mongo::Document who_document(const ProcessIdentity& process);
/// The `who` of a state document; nobody where it has none.
ProcessIdentity read_who(mongo::View document);

/// Inserts `fields` under the ObjectId `id`, with the server's time as `at`.
Status add_dated(const mongo::Collection& collection, const std::string& id, mongo::View fields,
                 mongo::Session* session = nullptr);

}  // namespace whimbrel
