#include "flow/schedule.h"

#include <doctest/doctest.h>

namespace whimbrel {
namespace {

Migration about(const std::string& file, StepBody body) {
  Migration migration;
  migration.file = file;
  migration.steps.push_back(Step{.body = std::move(body)});
  return migration;
}
Migration update(const std::string& file, const std::string& collection) {
  return about(file, DeleteStep{.collection = collection, .where = {}});
}

TEST_CASE("migrations of disjoint collections wait for nobody, others for those before them") {
  Migration a = update("a", "users"), b = update("b", "orders"), c = update("c", "users");
  auto slots = schedule_of({&a, &b, &c});
  CHECK(slots[0].after.empty());
  CHECK(slots[1].after.empty());
  CHECK(slots[2].after == std::vector<size_t>{0});
  CHECK(slots[2].why == "a is about users, too");
}

TEST_CASE("where a copy or a rename leads to counts as touched") {
  Migration copy = about("a", CopyStep{.collection = "users", .to = "people"});
  Migration people = update("b", "people"), users = update("c", "users");
  auto slots = schedule_of({&copy, &people, &users});
  CHECK(slots[1].after == std::vector<size_t>{0});
  CHECK(slots[2].after == std::vector<size_t>{0});
}

TEST_CASE("what nobody knows waits for all before it, and all behind wait for it") {
  Migration first = update("a", "users"), script = about("b", ScriptStep{.function = "up"});
  Migration last = update("c", "orders");
  auto slots = schedule_of({&first, &script, &last});
  CHECK(slots[1].after == std::vector<size_t>{0});
  CHECK(slots[1].why.find("script without `collections`") != std::string::npos);
  CHECK(slots[2].after == std::vector<size_t>{1});
}

TEST_CASE("a script that says what it touches waits for those alone") {
  Migration first = update("a", "users"), script = about("b", ScriptStep{.function = "up"});
  script.declared_collections = {"orders"};
  Migration last = update("c", "orders");
  auto slots = schedule_of({&first, &script, &last});
  CHECK(slots[1].after.empty());
  CHECK(slots[2].after == std::vector<size_t>{1});
}

}  // namespace
}  // namespace whimbrel
