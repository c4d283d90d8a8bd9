// Which pending migrations may run side by side, and why others may not.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "migration/migration.h"

namespace whimbrel {

/// The collections that it reads or writes; nullopt when nobody knows: a `command`, or a script
/// that does not say `collections`.
std::optional<std::set<std::string>> collections_of(const Migration& migration);

/// When one of several migrations may begin.
struct Slot {
  std::vector<size_t> after;  ///< those that must have ended, by their place in the list
  std::string why;            ///< "" when it may begin at once
};

/// One slot a migration, in the order of the list. A migration waits for every earlier one that
/// shares a collection with it, and for all of them when its own or theirs are not known.
std::vector<Slot> schedule_of(const std::vector<const Migration*>& migrations);

}  // namespace whimbrel
