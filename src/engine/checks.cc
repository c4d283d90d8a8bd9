#include "engine/checks.h"

#include <fmt/format.h>

#include "base/text.h"
#include "mongo/collection.h"

namespace whimbrel {

using mongo::Array;
using mongo::Collection;
using mongo::Document;
using mongo::make_document;

namespace {

Error failed(const Collection& collection, const Check& check, std::string_view found) {
  return Error{
      ErrorKind::kFailed,
      fmt::format("check failed on {}: {}: {}", collection.name(), check.text, found),
      "look at these documents; then `whimbrel up` checks again, `whimbrel down` undoes it"};
}

Result<std::string> examples(const Collection& collection, const Document& filter,
                             mongo::Session* session) {
  Document find = make_document("find", collection.name(), "filter", filter, "limit", 3);
  find.append("projection", make_document("_id", 1)).append("singleBatch", true);
  Document reply = TRY(collection.client().run(collection.database(), find, session));
  std::vector<std::string> ids;
  for (const mongo::Value& item :
       reply.view().get_document("cursor").get_document("firstBatch").elements()) {
    ids.push_back(item.as_document().find("_id")->to_json());
  }
  return join(ids, ", ");
}

Status expect_none(const Collection& collection, const Check& check, const Document& filter,
                   mongo::Session* session) {
  int64_t count = TRY(collection.count(filter, session));
  if (count == 0) return {};
  std::string ids = TRY(examples(collection, filter, session));
  return failed(collection, check,
                fmt::format("{} documents do, for example _id {}", with_commas(count), ids));
}

Status run_check(const Collection& collection, const Check& check, mongo::Session* session) {
  switch (check.kind) {
    case Check::Kind::kNone:
      return expect_none(collection, check, check.filter, session);
    case Check::Kind::kAll: {
      Document others;
      others.append_array("$nor", Array().add(check.filter).view());
      int64_t count = TRY(collection.count(others, session));
      if (count == 0) return {};
      std::string ids = TRY(examples(collection, others, session));
      return failed(
          collection, check,
          fmt::format("{} documents do not, for example _id {}", with_commas(count), ids));
    }
    case Check::Kind::kCount: {
      int64_t count = TRY(collection.count(check.filter, session));
      if (count == check.equals) return {};
      return failed(collection, check, fmt::format("it is {}", with_commas(count)));
    }
    case Check::Kind::kAggregateEmpty:
      break;
  }
  auto found = TRY(collection.aggregate_all(check.pipeline, session));
  if (found.empty()) return {};
  return failed(collection, check,
                fmt::format("it returns {}", found.front().view().to_relaxed_json()));
}

}  // namespace

Status run_checks(mongo::Client& client, const std::string& database, const std::string& collection,
                  const std::vector<Check>& checks, mongo::Session* session) {
  Collection target(client, database, collection);
  for (const Check& check : checks) TRY(run_check(target, check, session));
  return {};
}

}  // namespace whimbrel
