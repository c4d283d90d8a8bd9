#include "flow/lint_update.h"

#include <doctest/doctest.h>

namespace whimbrel {
namespace {

/// JSON of an update, or of a list of stages.
struct Written {
  mongo::Document whole;
  explicit Written(const std::string& json)
      : whole(mongo::Document::from_json("{\"v\":" + json + "}").value()) {}
  UpdateText text() const {
    mongo::Value value = *whole.view().find("v");
    return {value.as_document(), value.type() == mongo::Type::kArray};
  }
};

std::string why(const std::string& json) {
  Written written(json);
  return unrepeatable(written.text());
}

bool excluded(const std::string& where, const std::string& update) {
  Written filter(where), written(update);
  return excludes_finished(filter.text().body, written.text());
}

}  // namespace

TEST_CASE("operators that add to what is there are not repeatable, others are") {
  CHECK(why(R"({"$inc": {"n": 1}})") == "$inc adds to n again");
  CHECK(why(R"({"$set": {"a": 1}, "$push": {"l": 1}})") == "$push appends to l again");
  CHECK(why(R"({"$mul": {"?": 2}})") == "$mul multiplies its field again");
  CHECK(why(R"({"$set": {"a": 1}, "$addToSet": {"l": 1}, "$unset": {"b": ""}})").empty());
  CHECK(why(R"({"$unknown": true})").empty());
}

TEST_CASE("a pipeline is not repeatable when it reads what it changes") {
  CHECK(why(R"([{"$set": {"n": {"$add": ["$n", 1]}}}])") == "n is computed from itself ($add)");
  CHECK(why(R"([{"$set": {"p": {"a": {"$ifNull": ["$old", 1]}}}}, {"$unset": ["old"]}])") ==
        "p is computed from old, which the same update changes");
  CHECK(!why(R"([{"$set": {"a": "$b", "b": "$a"}}])").empty());
  CHECK(!why(R"([{"$set": {"n": {"$rand": {}}}}])").empty());
}

TEST_CASE("a pipeline that gives its own result again is repeatable") {
  CHECK(why(R"([{"$set": {"full": {"$concat": ["$first", "$last"]}}}])").empty());
  CHECK(why(R"([{"$set": {"name": {"$toLower": "$name"}}}])").empty());
  CHECK(why(R"([{"$set": {"new": {"$ifNull": ["$old", "$new"]}}}, {"$unset": "old"}])").empty());
  CHECK(why(R"([{"$set": {"a": 1}}, {"$set": {"b": {"$add": ["$a", 1]}}}])").empty());
  CHECK(why(R"([{"$set": {"n": {"$literal": {"$add": ["$n", 1]}}}}])").empty());
}

TEST_CASE("a condition on a field that the update changes excludes finished documents") {
  const char* update = R"({"$inc": {"n": 1}, "$set": {"done": true}})";
  CHECK(excluded(R"({"done": {"$ne": true}})", update));
  CHECK(excluded(R"({"$and": [{"a": 1}, {"done": null}]})", update));
  CHECK(excluded(R"({"n": 5})", update));
  CHECK(excluded(R"({"n": {"$exists": false}})", update));
  CHECK_FALSE(excluded(R"({"_id": 1})", update));
  CHECK_FALSE(excluded("{}", update));
  CHECK_FALSE(excluded(R"({"n": {"$lt": 5}})", update));
  CHECK(excluded(R"({"l": {"$ne": 3}})", R"({"$push": {"l": 3}})"));
  CHECK(excluded(R"({"items.sku": 1})", R"({"$inc": {"n": 1}, "$set": {"items.$.sku": 2}})"));
}

TEST_CASE("what cannot be told counts as excluded") {
  CHECK(excluded(R"({"$unknown": true})", R"({"$inc": {"n": 1}})"));
  CHECK(excluded(R"({"?": 1})", R"({"$inc": {"n": 1}})"));
  CHECK(excluded(R"({"a": 1})", R"({"$inc": {"n": 1}, "$set": {"?": 1}})"));
  CHECK_FALSE(excluded(R"({"_id": {"$unknown": true}})", R"({"$inc": {"n": 1}})"));
}

TEST_CASE("fields are those of operators and stages, without array positions") {
  Written operators(R"({"$set": {"a.b": 1, "l.$[x].c": 2}, "$rename": {"old": "new"}})");
  CHECK(written_fields(operators.text()) == std::set<std::string>{"a.b", "l.c", "new", "old"});
  Written pipeline(R"([{"$set": {"a": 1}}, {"$unset": ["b", "c.d"]}])");
  CHECK(written_fields(pipeline.text()) == std::set<std::string>{"a", "b", "c.d"});
  CHECK(paths_overlap("a", "a.b"));
  CHECK_FALSE(paths_overlap("a", "ab"));
}

}  // namespace whimbrel
