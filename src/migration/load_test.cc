#include "migration/load.h"

#include <doctest/doctest.h>

namespace whimbrel {
namespace {

Migration loaded(const std::string& source, const std::string& file = "f.yaml") {
  Loaded result = load_migration(file, source);
  if (auto* problems = std::get_if<std::vector<Problem>>(&result)) {
    FAIL((*problems)[0].text());
  }
  return std::get<Migration>(std::move(result));
}

std::string relaxed(const mongo::Document& document) {
  return document.view().to_relaxed_json();
}

constexpr const char* kPreferences = R"(# strict
description: Move the flat preference fields of users into preferences{}
steps:
  - update: users
    where: { migrated: { $ne: true } }
    with:
      - $set: { preferences: { theme: { $ifNull: [$oldTheme, light] } }, migratedAt: $$NOW }
      - $unset: [oldTheme, oldLang]
    check:
      - { none: { preferences: { $exists: false } } }
      - { count: {}, equals: 3 }
      - { aggregate: [ { $match: { a: 1 } } ], empty: true }
  - createIndexes: users
    indexes: [ { key: { preferences.language: 1, b: -1 }, unique: true } ]
down: journal
)";

TEST_CASE("the example of the design becomes a migration") {
  Migration migration = loaded(kPreferences, "20251226120000-preferences.yaml");
  CHECK(migration.file == "20251226120000-preferences.yaml");
  CHECK(migration.description.starts_with("Move the flat"));
  CHECK(migration.down == DownKind::kReverse);
  CHECK(migration.reversible());
  REQUIRE(migration.steps.size() == 2);
  const Step& update = migration.steps[0];
  CHECK(update.kind == "update");
  CHECK(update.line == 4);
  CHECK(update.collection() == "users");
  CHECK(update.is_document_step());
  const auto& body = std::get<UpdateStep>(update.body);
  CHECK(relaxed(body.where) == R"({ "migrated" : { "$ne" : true } })");
  CHECK(body.with.is_pipeline);
  CHECK(body.with.body.view().count() == 2);
  REQUIRE(update.checks.size() == 3);
  CHECK(update.checks[0].text == R"(none { "preferences" : { "$exists" : false } })");
  CHECK(update.checks[1].text == "count { } equals 3");
  CHECK(update.checks[2].text == R"(aggregate [ { "$match" : { "a" : 1 } } ] is empty)");
  const auto& indexes = std::get<CreateIndexesStep>(migration.steps[1].body).indexes;
  CHECK(relaxed(indexes.at(0)) == R"({ "key" : { "preferences.language" : 1, "b" : -1 }, )"
                                  R"("name" : "preferences.language_1_b_-1", "unique" : true })");
}

TEST_CASE("the same file as JSON, with a byte order mark or CRLF gives the same") {
  std::string text =
      R"({ "steps": [ { "delete": "c", "where": { "a": 1, "b": "\ud83d\ude00" } } ] })";
  auto where = [](const Migration& migration) {
    return relaxed(std::get<DeleteStep>(migration.steps[0].body).where);
  };
  CHECK(where(loaded(text, "f.json")) == "{ \"a\" : 1, \"b\" : \"\U0001F600\" }");
  std::string yaml =
      "\xEF\xBB\xBFsteps:\r\n  - delete: c\r\n    where:\r\n      a: 1\r\n      b: \U0001F600\r\n";
  CHECK(where(loaded(yaml)) == where(loaded(text, "f.json")));
}

TEST_CASE("options of a document step are read") {
  Migration migration = loaded(R"(
steps:
  - update: c
    with: { $set: { 'a.$[x]': 1 }, $inc: { n: { $numberLong: '1' } } }
    arrayFilters: [ { x.y: { $gt: 1 } } ]
    journal: off
    workers: auto
    batch: { docs: 10, bytes: 1MiB, time: 50ms }
    irreversible: true
  - delete: d
    where: {}
    batch: 7
  - copy: c
    to: e
    with: [ { $set: { _id: $n } } ]
    workers: 3
)");
  const Step& update = migration.steps[0];
  CHECK_FALSE(update.journal);
  CHECK(update.irreversible);
  CHECK(update.workers == 0);
  CHECK(update.batch.docs == 10);
  CHECK(update.batch.bytes == 1 << 20);
  CHECK(update.batch.milliseconds == 50);
  const auto& with = std::get<UpdateStep>(update.body).with;
  CHECK_FALSE(with.is_pipeline);
  REQUIRE(with.array_filters);
  CHECK(with.array_filters->view().count() == 1);
  CHECK(migration.steps[1].journal);
  CHECK(migration.steps[1].batch.docs == 7);
  const auto& copy = std::get<CopyStep>(migration.steps[2].body);
  CHECK(copy.to == "e");
  CHECK(copy.pipeline);
  CHECK(copy.where.view().empty());
  CHECK_FALSE(migration.reversible());
}

TEST_CASE("steps on collections are read, and a written down makes all of them reversible") {
  Migration migration = loaded(R"(
environments: [production, staging]
tags: [billing]
steps:
  - createCollection: log
    options: { capped: true, size: 1000000 }
  - renameCollection: a
    to: b
  - collMod: log
    validationLevel: off
    validator: { $jsonSchema: { required: [a] } }
  - dropIndexes: c
    indexes: [ name_1, { a: 1, b: text } ]
  - dropIndexes: d
    indexes: '*'
  - command: { profile: 0 }
  - insert: settings
    documents: [ { _id: 1 }, { _id: { $oid: 507f1f77bcf86cd799439011 }, a: !!str 5 } ]
  - dropCollection: old
down:
  - dropCollection: log
  - command: { profile: 1 }
)");
  CHECK(migration.environments == std::vector<std::string>{"production", "staging"});
  CHECK(migration.tags == std::vector<std::string>{"billing"});
  CHECK(migration.down == DownKind::kSteps);
  CHECK(migration.down_steps.size() == 2);
  CHECK(migration.reversible());
  CHECK(std::get<RenameCollectionStep>(migration.steps[1].body).to == "b");
  CHECK(relaxed(std::get<CollModStep>(migration.steps[2].body).options).find("off") !=
        std::string::npos);
  CHECK(std::get<DropIndexesStep>(migration.steps[3].body).names ==
        std::vector<std::string>{"name_1", "a_1_b_text"});
  CHECK(std::get<DropIndexesStep>(migration.steps[4].body).names == std::vector<std::string>{"*"});
  CHECK(migration.steps[5].collection().empty());
  CHECK(std::get<InsertStep>(migration.steps[6].body).documents.size() == 2);
}

TEST_CASE("a transaction of document steps and inserts is accepted") {
  CHECK(loaded("transaction: true\nsteps: [ { delete: c, where: {} }, "
               "{ insert: d, documents: [ { _id: 1 } ] }, { copy: a, to: b, workers: 1 } ]\n")
            .transaction);
}

TEST_CASE("aliases stand for what their anchor marked") {
  Migration migration =
      loaded("steps:\n  - delete: a\n    where: &w { x: 1 }\n  - delete: b\n    where: *w\n");
  CHECK(relaxed(std::get<DeleteStep>(migration.steps[1].body).where) == R"({ "x" : 1 })");
}

TEST_CASE("a problem of the whole file has no line") {
  CHECK(Problem{"f.yaml", 0, 0, "cannot be read"}.text() == "f.yaml: cannot be read");
  CHECK(Problem{"f.yaml", 2, 3, "wrong"}.text() == "f.yaml:2:3: wrong");
}

}  // namespace
}  // namespace whimbrel
