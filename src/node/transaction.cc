#include "node/transaction.h"

#include <algorithm>
#include <charconv>

namespace whimbrel::node {

using mongo::Document;
using mongo::make_document;

namespace {

bool has_label(const ScriptError& failed, std::string_view label) {
  return std::find(failed.labels.begin(), failed.labels.end(), label) != failed.labels.end();
}

int number_of(const std::string& code) {
  int number = 0;
  std::from_chars(code.data(), code.data() + code.size(), number);
  return number;
}

}  // namespace

Result<Reply> open_session(Host& host) {
  return host.call("openSession", Document());
}

Result<Reply> run_in_transaction(Host& host, const std::string& path, const std::string& function,
                                 const TransactionPlace& place, const Patience& patience) {
  return host.call("runInTransaction",
                   make_document("file", path, "direction", function, "database", place.database,
                                 "changelog", place.changelog, "readConcern", place.read_concern),
                   {}, patience);
}

Result<Document> transaction_command(Host& host, std::string_view database, mongo::View command,
                                     const Patience& patience) {
  mongo::DocumentList commands;
  commands.add(command);
  Reply reply =
      TRY(host.call("transactionCommand", make_document("database", database), commands, patience));
  if (reply.failed) return transaction_error(*reply.failed, "a command in the transaction");
  if (reply.documents.empty())
    return Error{ErrorKind::kBug, "the Node host answered without a document"};
  return Document(reply.documents[0]);
}

Result<Reply> commit_transaction(Host& host, const Patience& patience) {
  return host.call("commitTransaction", Document(), {}, patience);
}

Result<Reply> abort_transaction(Host& host, const Patience& patience) {
  return host.call("abortTransaction", Document(), {}, patience);
}

Error transaction_error(const ScriptError& failed, const std::string& file) {
  Error error = to_error(failed, file, ErrorKind::kFailed);
  error.server_code = number_of(failed.code);
  if (has_label(failed, "UnknownTransactionCommitResult")) error.retry = Retry::kUnknownCommit;
  else if (has_label(failed, "TransientTransactionError")) error.retry = Retry::kTransient;
  return error;
}

}  // namespace whimbrel::node
