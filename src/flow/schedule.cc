#include "flow/schedule.h"

#include <fmt/format.h>

#include <algorithm>

namespace whimbrel {
namespace {

using Collections = std::optional<std::set<std::string>>;

std::string shared_one(const Collections& one, const Collections& other) {
  for (const std::string& name : *one) {
    if (other->count(name) > 0) return name;
  }
  return "";
}

std::string unknown_because(const Migration& migration) {
  bool script = std::any_of(migration.steps.begin(), migration.steps.end(), [](const Step& step) {
    return std::holds_alternative<ScriptStep>(step.body);
  });
  return fmt::format("what {} touches is not known: it {}", migration.file,
                     script ? "is a script without `collections`" : "has a `command`");
}

/// Why `later` must wait for `earlier`; "" when it need not.
std::string conflict(const Migration& earlier, const Migration& later) {
  Collections one = collections_of(earlier), other = collections_of(later);
  if (!other) return unknown_because(later);
  if (!one) return unknown_because(earlier);
  std::string shared = shared_one(one, other);
  return shared.empty() ? "" : fmt::format("{} is about {}, too", earlier.file, shared);
}

}  // namespace

std::optional<std::set<std::string>> collections_of(const Migration& migration) {
  std::set<std::string> names;
  if (const auto& declared = migration.declared_collections)
    return std::set<std::string>(declared->begin(), declared->end());
  for (const Step& step : migration.steps) {
    bool script = std::holds_alternative<ScriptStep>(step.body);
    if (script || std::holds_alternative<CommandStep>(step.body)) return std::nullopt;
    names.insert(step.collection());
    if (auto* copy = std::get_if<CopyStep>(&step.body)) names.insert(copy->to);
    if (auto* rename = std::get_if<RenameCollectionStep>(&step.body)) names.insert(rename->to);
  }
  return names;
}

std::vector<Slot> schedule_of(const std::vector<const Migration*>& migrations) {
  std::vector<Slot> slots;
  for (size_t i = 0; i < migrations.size(); ++i) {
    Slot slot;
    for (size_t earlier = 0; earlier < i; ++earlier) {
      std::string why = conflict(*migrations[earlier], *migrations[i]);
      if (why.empty()) continue;
      slot.after.push_back(earlier);
      slot.why = std::move(why);
    }
    slots.push_back(std::move(slot));
  }
  return slots;
}

}  // namespace whimbrel
