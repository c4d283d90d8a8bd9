// The items of the production checklist, and what can be measured of each.
#pragma once

#include <optional>
#include <vector>

#include "flow/checklist.h"
#include "migration/migration.h"

namespace whimbrel {

/// What is known of a migration and its file as it is now.
struct ChecklistFacts {
  const Project& project;
  const Entry& entry;
  const Migration& migration;
  std::vector<EvidenceRecord> records = {};  ///< oldest first
};

/// What was measured: good, or bad enough that no word of a person helps.
struct Finding {
  bool good = false;
  std::string text;
};

struct ItemDefinition {
  const char* name;
  const char* title;
  ChecklistPhase phase;
  bool required;
  /// nullopt: nothing is known; null: nothing ever is.
  std::optional<Finding> (*measure)(const ChecklistFacts&);
  const char* command;  ///< that finds it, without the file's name; "" where only a tick does
};

/// In the order of the list.
const std::vector<ItemDefinition>& checklist_items();

}  // namespace whimbrel
