// A transaction that another driver has begun and will commit, as a Session of ours.
#pragma once

#include <functional>

#include "mongo/client.h"

namespace whimbrel::mongo {

/// Has a command run inside that transaction; the server's reply, also when it says `ok: 0`. An
/// Error when nobody answers.
using ForwardCommand = std::function<Result<Document>(std::string_view database, View command)>;

/// A session whose commands go through `forward`. It counts as being in a transaction; begin() and
/// commit() are refused (kBug) and abort() does nothing, for those are the other driver's. `lsid`
/// ({id: UUID}) is announced as Client::announce_sessions() says. `client` must outlive it.
Result<Session> forwarded_session(Client& client, View lsid, ForwardCommand forward);

}  // namespace whimbrel::mongo
