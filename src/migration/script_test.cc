#include "migration/script.h"

#include <doctest/doctest.h>

using namespace whimbrel;
using mongo::make_document;

namespace {

ScriptDescription document_description() {
  ScriptDescription described;
  described.document = described.transform = true;
  described.collection = "users";
  described.where = make_document("n", 1);
  described.keys = {"collection", "where", "transform"};
  return described;
}

std::string problems_of(const ScriptDescription& described) {
  auto loaded = script_migration("m.js", described);
  std::string text;
  if (auto* problems = std::get_if<std::vector<Problem>>(&loaded)) {
    for (const Problem& problem : *problems) text += problem.text() + "\n";
  }
  return text;
}

}  // namespace

TEST_CASE("up and down make a script migration") {
  ScriptDescription described;
  described.up = described.down = true;
  auto loaded = script_migration("m.js", described);
  const Migration& migration = std::get<Migration>(loaded);
  REQUIRE(migration.steps.size() == 1);
  CHECK(std::get<ScriptStep>(migration.steps[0].body).function == "up");
  CHECK_FALSE(migration.steps[0].is_document_step());
  REQUIRE(migration.down_steps.size() == 1);
  CHECK(std::get<ScriptStep>(migration.down_steps[0].body).function == "down");
}

TEST_CASE("a script without down cannot be undone") {
  ScriptDescription described;
  described.up = true;
  CHECK_FALSE(std::get<Migration>(script_migration("m.js", described)).reversible());
}

TEST_CASE("collection and transform make a document migration with its options") {
  ScriptDescription described = document_description();
  mongo::Document reads;
  reads.append_array("reads", mongo::Array().add("a").add("b.c").view());
  described.reads = reads;
  described.options = make_document("batch", make_document("docs", 50, "bytes", "1MiB"), "workers",
                                    3, "journal", false, "maxErrors", "0.5%");
  auto loaded = script_migration("m.js", described);
  const Step& step = std::get<Migration>(loaded).steps.at(0);
  const auto& body = std::get<TransformStep>(step.body);
  CHECK(step.is_document_step());
  CHECK(step.collection() == "users");
  CHECK(body.reads == std::vector<std::string>{"a", "b.c"});
  CHECK(step.batch.docs == 50);
  CHECK(step.batch.bytes == 1 << 20);
  CHECK(step.workers == 3);
  CHECK_FALSE(step.journal);
  CHECK(step.max_errors_share == doctest::Approx(0.005));
  CHECK(std::get<Migration>(loaded).down == DownKind::kReverse);
}

TEST_CASE("revert is asked for every document on the way back") {
  ScriptDescription described = document_description();
  described.revert = true;
  auto loaded = script_migration("m.js", described);
  const Migration& migration = std::get<Migration>(loaded);
  REQUIRE(migration.down == DownKind::kSteps);
  const auto& body = std::get<TransformStep>(migration.down_steps.at(0).body);
  CHECK(body.reverts);
  CHECK(body.where.view().empty());
}

TEST_CASE("what is wrong with a module is said") {
  ScriptDescription nothing;
  CHECK(problems_of(nothing).find("neither up(db, client)") != std::string::npos);
  ScriptDescription both = document_description();
  both.up = true;
  CHECK(problems_of(both).find("both up() and a transform") != std::string::npos);
  ScriptDescription unknown = document_description();
  unknown.keys.push_back("wherre");
  CHECK(problems_of(unknown).find("did you mean 'where'") != std::string::npos);
  ScriptDescription no_collection = document_description();
  no_collection.collection.reset();
  CHECK(problems_of(no_collection).find("`collection` must be") != std::string::npos);
  ScriptDescription options = document_description();
  options.options = make_document("worker", 2, "maxErrors", -1, "batch", "many");
  std::string text = problems_of(options);
  CHECK(text.find("did you mean 'workers'") != std::string::npos);
  CHECK(text.find("options.maxErrors must be") != std::string::npos);
  CHECK(text.find("options.batch must be") != std::string::npos);
}

TEST_CASE("a script may say which collections it touches, and that it is one transaction") {
  ScriptDescription described;
  described.up = described.exports_collections = described.exports_transaction = true;
  described.collections = {"users", "orders"};
  described.transaction = true;
  auto loaded = script_migration("m.js", described);
  const Migration& migration = std::get<Migration>(loaded);
  CHECK(migration.declared_collections == std::vector<std::string>{"users", "orders"});
  CHECK(migration.transaction);
}

TEST_CASE("a script that says nothing of itself declares nothing") {
  ScriptDescription described;
  described.up = true;
  auto loaded = script_migration("m.js", described);
  CHECK_FALSE(std::get<Migration>(loaded).declared_collections);
  CHECK_FALSE(std::get<Migration>(loaded).transaction);
  CHECK_FALSE(unread_script_migration("m.js").transaction);
}

TEST_CASE("what a script says of itself has its type, or the file is named") {
  ScriptDescription described;
  described.up = described.exports_collections = described.exports_transaction = true;
  std::string text = problems_of(described);
  CHECK(text.find("m.js: `collections` must be a list of names") != std::string::npos);
  CHECK(text.find("m.js: `transaction` must be true or false") != std::string::npos);
  described.collections = {"users", ""};
  CHECK(problems_of(described).find("`collections`") != std::string::npos);
}

TEST_CASE("a document migration has neither collections nor transaction") {
  ScriptDescription described = document_description();
  described.keys = {"collection", "where", "transform", "collections", "transaction"};
  std::string text = problems_of(described);
  CHECK(text.find("'collections'") != std::string::npos);
  CHECK(text.find("'transaction'") != std::string::npos);
}
