// The commands behind the structural steps and their reverses.
#pragma once

#include <vector>

#include "migration/migration.h"
#include "mongo/collection.h"
#include "state/ranges.h"

namespace whimbrel {

/// `again` in these methods means: an earlier attempt may have done it already; finding it done is
/// success then, and an error otherwise.
class Commands {
 public:
  Commands(mongo::Client& client, const std::string& database)
      : client_(client), database_(database) {}

  /// What reverses need: read before the step.
  Result<mongo::Document> missing_indexes(const CreateIndexesStep& step) const;
  Result<mongo::Document> index_specs(const DropIndexesStep& step) const;
  Result<mongo::Document> absence(const std::string& collection) const;
  Result<mongo::Document> present_options(const CollModStep& step) const;

  /// Inserts what is not there yet. A document with the same `_id` and other content is an error,
  /// found before anything is written.
  Status insert(const StepKey& key, const InsertStep& step) const;
  Status create_indexes(const CreateIndexesStep& step) const;
  Status drop_indexes(const DropIndexesStep& step, bool again) const;
  Status create_collection(const CreateCollectionStep& step, bool again) const;
  Status drop_collection(const std::string& collection) const;
  Status rename(const std::string& from, const std::string& to, bool again) const;
  Status coll_mod(const std::string& collection, const mongo::Document& options) const;
  Status run(const mongo::Document& command) const;

  Status remove_inserted(const StepKey& key, const InsertStep& step,
                         std::vector<mongo::OwnedValue>& conflicts) const;
  Status drop_created(const std::string& collection, const mongo::Document& undo) const;
  Status recreate(const std::string& collection, const mongo::Document& undo) const;
  /// Refuses to drop a collection that has documents: they are not this migration's.
  Status drop_if_empty(const std::string& collection, const mongo::Document& undo) const;
  Status coll_mod_back(const std::string& collection, const mongo::Document& undo) const;

 private:
  Result<std::vector<mongo::Document>> indexes(const std::string& collection) const;
  Status rebuild(const std::string& collection, mongo::View index) const;
  Result<bool> exists(const std::string& collection) const;
  Status send(const mongo::Document& command, bool again, int done_already_code) const;

  mongo::Client& client_;
  const std::string& database_;
};

}  // namespace whimbrel
