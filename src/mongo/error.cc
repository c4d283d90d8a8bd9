#include "mongo/error.h"

#include <mongoc/mongoc.h>

#include <algorithm>
#include <array>

namespace whimbrel::mongo {
namespace {

// Codes after which the same command may succeed: changes of primary, shutdowns, lost connections
// (MongoDB's error_codes.yml, category RetriableError), and operations, cursors and sessions that
// were killed.
constexpr std::array kTransientCodes = {6,     7,     43,    50,    89,    91,   134,
                                        189,   202,   234,   237,   262,   317,  9001,
                                        10107, 11600, 11601, 11602, 13435, 13436};
constexpr int kWriteConflict = 112;
constexpr int kLockTimeout = 24;
constexpr int kOutOfDiskSpace = 14031;
constexpr int kNoSuchTransaction = 251;
constexpr int kLivedTooLong = 290;  // TransactionExceededLifetimeLimitSeconds

bool has_label(View reply, std::string_view label) {
  for (const Value& item : reply.get_document("errorLabels").elements()) {
    if (item.as_string() == label) return true;
  }
  return false;
}

ErrorKind kind_of(uint32_t domain, int code) {
  if (domain == MONGOC_ERROR_SERVER_SELECTION) {
    return code == MONGOC_ERROR_CLIENT_AUTHENTICATE ? ErrorKind::kNotAuthorised
                                                    : ErrorKind::kUnreachable;
  }
  if (domain == MONGOC_ERROR_STREAM) return ErrorKind::kUnreachable;
  bool driver_auth = domain == MONGOC_ERROR_CLIENT && code == MONGOC_ERROR_CLIENT_AUTHENTICATE;
  bool server_auth = code == 13 || code == 18 || code == 8000;
  return driver_auth || server_auth ? ErrorKind::kNotAuthorised : ErrorKind::kFailed;
}

Retry retry_of(uint32_t domain, int code, View reply) {
  if (has_label(reply, "UnknownTransactionCommitResult")) return Retry::kUnknownCommit;
  if (code == kWriteConflict || code == kLockTimeout) return Retry::kConflict;
  if (has_label(reply, "TransientTransactionError")) return Retry::kTransient;
  if (has_label(reply, "RetryableWriteError")) return Retry::kTransient;
  // Aborted under us, as by killSessions. Labelled by the server, but not every call has its reply.
  bool aborted = code == kNoSuchTransaction || code == kLivedTooLong;
  if (domain == MONGOC_ERROR_SERVER && aborted) return Retry::kTransient;
  bool network = domain == MONGOC_ERROR_STREAM || domain == MONGOC_ERROR_SERVER_SELECTION;
  bool known =
      std::find(kTransientCodes.begin(), kTransientCodes.end(), code) != kTransientCodes.end();
  return network || (domain != MONGOC_ERROR_CLIENT && known) ? Retry::kTransient : Retry::kNo;
}

Error make_error(uint32_t domain, int code, std::string message, View reply) {
  Error error{kind_of(domain, code), std::move(message)};
  error.server_code = domain == MONGOC_ERROR_SERVER ? code : 0;
  error.retry =
      error.kind == ErrorKind::kNotAuthorised ? Retry::kNo : retry_of(domain, code, reply);
  if (is_out_of_room(error)) {
    error.message = "the server has no room left on its disk: " + error.message;
    error.hint =
        "make room there and give the same command again; where it stands: whimbrel status";
  }
  return error;
}

}  // namespace

bool was_aborted(const Error& error) {
  return error.server_code == kNoSuchTransaction || lived_too_long(error);
}

bool lived_too_long(const Error& error) {
  return error.server_code == kLivedTooLong;
}

bool is_out_of_room(const Error& error) {
  return error.server_code == kOutOfDiskSpace;
}

Error to_error(const bson_error_t& problem, View reply) {
  return make_error(problem.domain, static_cast<int>(problem.code), problem.message, reply);
}

Error to_commit_error(const bson_error_t& problem, View reply) {
  Error error = to_error(problem, reply);
  if (has_label(reply, "TransientTransactionError")) return error;
  // A node that could not ask the others does not know what they know.
  bool alone = reply.find("writeConcernError").has_value();
  if (error.server_code == kNoSuchTransaction && !alone) return error;
  if (error.retry != Retry::kNo) error.retry = Retry::kUnknownCommit;
  return error;
}

Error to_error(View server_error, View reply) {
  return make_error(MONGOC_ERROR_SERVER, static_cast<int>(server_error.get_int("code")),
                    server_error.get_string("errmsg"), reply);
}

Result<Document> passing_refusal_as_error(Result<Document> reply) {
  if (!reply) return reply;
  std::vector<Value> refusals = reply->view().get_document("writeErrors").elements();
  if (auto concern = reply->view().find("writeConcernError")) refusals.push_back(*concern);
  for (const Value& refusal : refusals) {
    Error error = to_error(refusal.as_document(), *reply);
    if (error.retry != Retry::kNo) return error;
  }
  return reply;
}

}  // namespace whimbrel::mongo
