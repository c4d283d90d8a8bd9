// The entries of `steps:` and `down:`.
#pragma once

#include "migration/fields.h"
#include "migration/migration.h"
#include "migration/problems.h"
#include "migration/yaml.h"

namespace whimbrel::migration {

/// What the file around a step decides about it.
struct StepRules {
  bool transaction = false;      ///< the file says `transaction: true`
  bool irreversible_ok = false;  ///< inside `down:`, or there is a written one
};

/// Reads one entry. Incomplete when problems were added.
Step read_step(const YamlNode& node, const StepRules& rules, ProblemList& problems);

/// The entry while its own keys are read: `update: users` is `named`.
struct StepSource {
  const YamlNode& mapping;
  const YamlEntry& named;
  ProblemList& problems;

  const YamlNode* find(std::string_view key) const { return mapping.find(key); }
  /// As find; nullptr and a problem that shows `example` when the key is missing.
  const YamlNode* require(std::string_view key, std::string_view example) const;
  /// The value of the step's name, as a collection.
  std::string collection() const { return read_collection(named.value, named.key.text, problems); }
  /// `where`, or {}.
  mongo::Document where() const;
};

// One reader for each kind of step; keys are checked already. Incomplete when problems were added.
StepBody read_update(const StepSource& source);
StepBody read_delete(const StepSource& source);
StepBody read_copy(const StepSource& source);
StepBody read_insert(const StepSource& source);
StepBody read_create_indexes(const StepSource& source);
StepBody read_drop_indexes(const StepSource& source);
StepBody read_create_collection(const StepSource& source);
StepBody read_drop_collection(const StepSource& source);
StepBody read_rename_collection(const StepSource& source);
StepBody read_coll_mod(const StepSource& source);
StepBody read_command(const StepSource& source);

/// The keys that are collMod's own, not those that every step may have.
const Names& coll_mod_options();

/// The items of `check:`.
std::vector<Check> read_checks(const YamlNode& node, ProblemList& problems);

}  // namespace whimbrel::migration
