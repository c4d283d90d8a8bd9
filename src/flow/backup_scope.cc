#include "flow/backup_scope.h"

#include <fmt/format.h>

#include <map>

namespace whimbrel {

using mongo::Document;
using mongo::make_document;

namespace {

/// How much of a collection a step changes.
struct Reach {
  enum class Kind { kDefinition, kMatching, kAll } kind = Kind::kDefinition;
  Document where = {};
};

class Scope {
 public:
  Status add(const std::string& file, const Step& step) {
    return std::visit([&](const auto& body) { return add(file, body); }, step.body);
  }

  std::vector<backup::Wanted> wanted() const {
    std::vector<backup::Wanted> all;
    for (const auto& [collection, reach] : reaches_) {
      Document where = reach.where;
      if (reach.kind == Reach::Kind::kDefinition) {
        Document nothing;
        nothing.append_array("$in", mongo::View());
        where = make_document("_id", nothing);
      }
      all.push_back({collection, reach.kind == Reach::Kind::kAll ? Document() : where});
    }
    return all;
  }

 private:
  Status add(const std::string&, const UpdateStep& step) {
    return matching(step.collection, step.where);
  }
  Status add(const std::string&, const DeleteStep& step) {
    return matching(step.collection, step.where);
  }
  Status add(const std::string&, const TransformStep& step) {
    return matching(step.collection, step.where);
  }
  Status add(const std::string&, const CopyStep& step) { return all(step.to); }
  Status add(const std::string&, const InsertStep& step) { return all(step.collection); }
  Status add(const std::string&, const CreateIndexesStep& step) {
    return definition(step.collection);
  }
  Status add(const std::string&, const DropIndexesStep& step) {
    return definition(step.collection);
  }
  Status add(const std::string&, const CreateCollectionStep& step) {
    return definition(step.collection);
  }
  Status add(const std::string&, const CollModStep& step) { return definition(step.collection); }
  Status add(const std::string&, const DropCollectionStep& step) { return all(step.collection); }
  Status add(const std::string&, const RenameCollectionStep& step) {
    TRY(all(step.collection));
    return all(step.to);
  }
  Status add(const std::string& file, const CommandStep&) {
    return unknown(file, "a `command` step may touch anything");
  }
  Status add(const std::string& file, const ScriptStep&) {
    return unknown(file, "it is a script, and does not say which collections it changes");
  }

  static Error unknown(const std::string& file, const std::string& why) {
    return Error{ErrorKind::kFailed, fmt::format("what {} touches is not known: {}", file, why),
                 "back up the whole database: whimbrel backup; or name collections with --only"};
  }

  Status definition(const std::string& collection) {
    reaches_.try_emplace(collection);
    return {};
  }
  Status all(const std::string& collection) {
    reaches_[collection] = {Reach::Kind::kAll};
    return {};
  }
  /// What a second step finds may be what the first one made: then nothing less than all is sure.
  Status matching(const std::string& collection, const Document& where) {
    Reach& reach = reaches_[collection];
    bool second = reach.kind != Reach::Kind::kDefinition;
    if (second || where.view().empty()) return all(collection);
    reach = {Reach::Kind::kMatching, where};
    return {};
  }

  std::map<std::string, Reach> reaches_;
};

}  // namespace

Result<std::vector<backup::Wanted>> touched_by(const std::vector<const Migration*>& migrations) {
  Scope scope;
  for (const Migration* migration : migrations) {
    for (const Step& step : migration->steps) TRY(scope.add(migration->file, step));
  }
  return scope.wanted();
}

}  // namespace whimbrel
