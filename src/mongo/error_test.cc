#include "mongo/error.h"

#include <doctest/doctest.h>
#include <mongoc/mongoc.h>

using namespace whimbrel;
using mongo::Document;
using mongo::make_document;
using mongo::to_commit_error;
using mongo::to_error;

namespace {

bson_error_t aborted() {
  bson_error_t problem;
  bson_set_error(&problem, MONGOC_ERROR_SERVER, 251, "Transaction has been aborted.");
  return problem;
}

}  // namespace

TEST_CASE("a transaction that the server aborted is tried again, also where no label says so") {
  CHECK(to_error(aborted(), Document().view()).retry == Retry::kTransient);
  CHECK(to_commit_error(aborted(), Document().view()).retry == Retry::kTransient);
}

TEST_CASE(
    "a node that could not ask the others does not know whether a transaction was committed") {
  Document reply = make_document("writeConcernError", make_document("code", 64));
  CHECK(to_commit_error(aborted(), reply.view()).retry == Retry::kUnknownCommit);
}

TEST_CASE("an error of the user's own is not tried again") {
  bson_error_t problem;
  bson_set_error(&problem, MONGOC_ERROR_SERVER, 121, "Document failed validation");
  CHECK(to_error(problem, Document().view()).retry == Retry::kNo);
  CHECK(to_commit_error(problem, Document().view()).retry == Retry::kNo);
}
