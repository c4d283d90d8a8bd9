// A script's function inside one transaction of the project's own driver, step by step: open a
// session, run the function, add commands of our own, commit. All need connect().
#pragma once

#include <string>

#include "node/requests.h"

namespace whimbrel::node {

/// Ends the host's session, if it has one, and starts another. The reply's document has `lsid`.
Result<Reply> open_session(Host& host);

/// What a transaction begins with: a read of the changelog.
struct TransactionPlace {
  std::string database, changelog;
  /// "local", which one replica set reads from one snapshot, too, and the only one in which
  /// collections may be made; "snapshot" where there are several shards.
  std::string read_concern;
};
/// Begins a transaction (majority) and calls the function in it. It stays open, also
/// after a failure; an open one is rolled back before. Reply::failed is what the function threw,
/// or the server's refusal of the beginning.
Result<Reply> run_in_transaction(Host& host, const std::string& path, const std::string& function,
                                 const TransactionPlace& place, const Patience& patience);

/// Runs one command inside the open transaction; the server's reply, also when it says `ok: 0`.
Result<mongo::Document> transaction_command(Host& host, std::string_view database,
                                            mongo::View command, const Patience& patience);

/// May be called again when Reply::failed has the label UnknownTransactionCommitResult.
Result<Reply> commit_transaction(Host& host, const Patience& patience);
Result<Reply> abort_transaction(Host& host, const Patience& patience);

/// The failure as to_error() has it, of kind kFailed, with the server's code and what the driver's
/// labels say of trying again.
Error transaction_error(const ScriptError& failed, const std::string& file);

}  // namespace whimbrel::node
