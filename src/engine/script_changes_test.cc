#include "engine/script_changes.h"

#include <doctest/doctest.h>

using namespace whimbrel;
using mongo::Document;
using node::Verdict;
using Form = DocumentChange::Form;

namespace {

/// One answer of a script, with everything that the change borrows from.
struct Asked {
  Document before;
  Document update;
  Changes changes;

  Asked(std::string_view document, Verdict verdict, std::string_view change,
        const std::vector<std::string>& reads = {})
      : before(Document::from_json(document).value()), update(Document::from_json(change).value()) {
    add_result(0, before, {verdict, update, {}}, Reads(reads), changes);
  }
  std::string image() const { return changes.after[*changes.each.at(0).after].to_relaxed_json(); }
  std::string failure() const { return changes.failed.at(0).error.message; }
  bool nothing() const { return changes.each.empty() && changes.failed.empty(); }
};

std::string json(std::string_view text) {
  return Document::from_json(text)->view().to_relaxed_json();
}

}  // namespace

TEST_CASE("simple operators are sent and their image is known") {
  Asked asked(R"({"_id": 1, "a": 1})", Verdict::kOperators, R"({"$set": {"b": 2, "a": 3}})");
  CHECK(asked.changes.each[0].form == Form::kOperators);
  CHECK(asked.image() == json(R"({"_id": 1, "a": 3, "b": 2})"));
}

TEST_CASE("a change that changes nothing is none") {
  CHECK(Asked(R"({"_id": 1, "a": 1})", Verdict::kOperators, R"({"$set": {"a": 1}})").nothing());
  CHECK(Asked(R"({"_id": 1})", Verdict::kFields, R"({"$unset": {"a": ""}})").nothing());
  CHECK(Asked(R"({"_id": 1})", Verdict::kLeave, "{}").nothing());
}

TEST_CASE("what only the server knows has no image") {
  for (const char* text :
       {R"({"$inc": {"a": 1}})", R"({"$set": {"a.b": 1}})",
        R"({"$set": {"a": 1}, "$unset": {"a": 1}})", R"({"$set": {"10": 1, "9": 1}})"}) {
    Asked asked(R"({"_id": 1, "a": 1})", Verdict::kOperators, text);
    REQUIRE(asked.changes.each.size() == 1);
    CHECK_FALSE(asked.changes.each[0].after);
    CHECK(asked.changes.after.empty());
  }
  Asked pipeline(R"({"_id": 1})", Verdict::kPipeline, R"({"0": {"$set": {"a": 1}}})");
  CHECK(pipeline.changes.each[0].form == Form::kPipeline);
}

TEST_CASE("a whole document's names are literal") {
  Asked asked(R"({"_id": 1, "a.b": 1})", Verdict::kFields, R"({"$set": {"a.b": 2, "$c": 3}})");
  CHECK(asked.changes.each[0].form == Form::kImage);
  CHECK(asked.image() == json(R"({"_id": 1, "a.b": 2, "$c": 3})"));
  Asked plain(R"({"_id": 1})", Verdict::kFields, R"({"$set": {"a": 2}})");
  CHECK(plain.changes.each[0].form == Form::kOperators);
}

TEST_CASE("an _id stays what it is") {
  CHECK(Asked(R"({"_id": 1})", Verdict::kOperators, R"({"$set": {"_id": 1}})").nothing());
  Asked other(R"({"_id": 1})", Verdict::kOperators, R"({"$set": {"_id": 2, "a": 1}})");
  CHECK(other.failure().find("_id of a document cannot be changed") != std::string::npos);
  Asked gone(R"({"_id": 1})", Verdict::kOperators, R"({"$unset": {"_id": 1}})");
  CHECK(gone.failure().find("_id") != std::string::npos);
}

TEST_CASE("a document made of parts does not replace the whole") {
  Asked parts(R"({"_id": 1, "a": {"b": 1, "c": 2}})", Verdict::kFields,
              R"({"$set": {"a": {"b": 2}}})", {"a.b"});
  CHECK(parts.failure().find("`reads` gave it only parts") != std::string::npos);
  Asked asked(R"({"_id": 1, "a": {"b": 1, "c": 2}})", Verdict::kOperators,
              R"({"$set": {"a": {"b": 2}}})", {"a.b"});
  CHECK(asked.image() == json(R"({"_id": 1, "a": {"b": 2}})"));
}

TEST_CASE("a document above 16 MiB has failed") {
  Document before = mongo::make_document("_id", 1, "big", std::string(9 << 20, 'x'));
  Document update =
      mongo::make_document("$set", mongo::make_document("bigger", std::string(9 << 20, 'y')));
  Changes changes;
  add_result(0, before, {Verdict::kOperators, update, {}}, Reads({}), changes);
  CHECK(changes.failed.at(0).error.message.find("16 MiB") != std::string::npos);
  CHECK(changes.after.empty());
}

TEST_CASE("what a script threw is told with its line") {
  Document before = mongo::make_document("_id", 1);
  Changes changes;
  node::TransformResult thrown;
  thrown.verdict = Verdict::kFailed;
  thrown.failed.name = "TypeError";
  thrown.failed.message = "x is undefined";
  thrown.failed.line = 12;
  add_result(0, before, thrown, Reads({}), changes);
  CHECK(changes.failed.at(0).error.message == "TypeError: x is undefined (line 12)");
  CHECK(changes.failed.at(0).error.blame == Blame::kDocument);
}
