// `checklist`: what should be done around a migration, with what whimbrel knows of each item.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "flow/history.h"
#include "state/evidence.h"

namespace whimbrel {

enum class ChecklistPhase { kBefore, kDuring, kAfter };
std::string_view to_text(ChecklistPhase phase);

enum class ItemState {
  kDone,
  kOpen,
  kLater,  ///< of a phase that has not begun
};
std::string_view to_text(ItemState state);

/// One line of the list.
struct ChecklistItem {
  std::string name;   ///< what `tick` calls it
  std::string title;  ///< what is to be done
  ChecklistPhase phase = ChecklistPhase::kBefore;
  bool required = false;  ///< the list is not complete without it
  ItemState state = ItemState::kOpen;
  bool measured = false;  ///< whimbrel found it out; else it is a person's word, or nobody's
  std::string evidence;   ///< the figure, or who ticked it when; why it is open
  std::string command;    ///< for an open one: what to type
};

struct Checklist {
  std::string migration, hash, description;
  ChecklistPhase phase = ChecklistPhase::kBefore;
  std::vector<ChecklistItem> items;  ///< every item of the list, by phase

  /// Whether a required item is open.
  bool open() const;
};

/// Of the migration that `name` means; with "" of all pending ones, or of the last applied one
/// where none is. What was measured goes before a person's word; what `requires:` asks for is
/// required. Reads only. kNotFound as History::resolve() says, and for a file that is missing.
Result<std::vector<Checklist>> read_checklists(Project& project, const std::string& name);

struct Tick {
  std::string item;
  std::string name;  ///< of the migration; "" as for read_checklists()
  std::string note;  ///< where it is, who was asked, …
  bool taken_back = false;
};
/// Writes a person's word for the files as they are now, with an entry in the audit, and says for
/// which. kUsage for an unknown item.
Result<std::vector<std::string>> tick(Project& project, const Tick& tick);

}  // namespace whimbrel
