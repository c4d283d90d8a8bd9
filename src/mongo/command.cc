#include "mongo/command.h"

namespace whimbrel::mongo {
namespace {

bool is_read(View command, std::string_view name) {
  static const std::set<std::string_view> reads = {"find",      "count",           "distinct",
                                                   "collStats", "listCollections", "listIndexes",
                                                   "hello",     "buildInfo"};
  if (name != "aggregate") return reads.contains(name);
  for (const Value& stage : command.get_document("pipeline").elements()) {
    View body = stage.as_document();
    if (body.find("$out") || body.find("$merge")) return false;
  }
  return true;
}

}  // namespace

std::string command_name(View command) {
  std::vector<Value> fields = command.elements();
  if (fields.empty()) return "nothing";
  std::string name(fields.front().key());
  bool on_collection = fields.front().type() == Type::kString;
  return on_collection ? name + " " + std::string(fields.front().as_string()) : name;
}

bool is_brief(View command, const CollectionNames& collections) {
  static const std::set<std::string_view> about_server = {"hello", "buildInfo", "killSessions",
                                                          "listCollections", "collStats"};
  std::vector<Value> fields = command.elements();
  if (fields.empty()) return false;
  const Value& first = fields.front();
  if (about_server.contains(first.key())) return true;
  if (first.type() != Type::kString || !collections.contains(first.as_string())) return false;
  if (first.key() != "delete") return true;
  auto limit = command.at_path("deletes.0.limit");
  return limit && limit->as_int() == 1;
}

bool is_repeatable(View command, const CollectionNames& collections) {
  static const std::set<std::string_view> writes = {"update", "delete", "findAndModify", "create"};
  std::vector<Value> fields = command.elements();
  if (fields.empty()) return false;
  const Value& first = fields.front();
  if (is_read(command, first.key())) return true;
  return writes.contains(first.key()) && first.type() == Type::kString &&
         collections.contains(first.as_string());
}

}  // namespace whimbrel::mongo
