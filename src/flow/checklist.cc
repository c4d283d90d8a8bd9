#include "flow/checklist.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "flow/audited.h"
#include "flow/checklist_items.h"
#include "flow/evidence.h"
#include "flow/migration_file.h"
#include "flow/next_command.h"

namespace whimbrel {
namespace {

constexpr std::array<std::string_view, 3> kPhases = {"before", "during", "after"};
constexpr std::array<std::string_view, 3> kStates = {"done", "open", "later"};

ChecklistPhase phase_of(const Entry& entry) {
  if (entry.run && entry.run->is_open()) return ChecklistPhase::kDuring;
  return entry.applied ? ChecklistPhase::kAfter : ChecklistPhase::kBefore;
}

Result<std::vector<const Entry*>> meant_by(const History& history, const std::string& name) {
  std::vector<const Entry*> entries;
  if (!name.empty()) {
    entries.push_back(TRY(history.resolve(name)));
    return entries;
  }
  const Entry* last = nullptr;
  for (const Entry& entry : history.entries) {
    if (entry.wants_up()) entries.push_back(&entry);
    bool newer = !last || (entry.applied && entry.applied->applied_at >= last->applied->applied_at);
    if (entry.applied && entry.file && newer) last = &entry;
  }
  if (entries.empty() && last) entries.push_back(last);
  return entries;
}

Result<MigrationFile> file_of(const Entry& entry) {
  if (entry.file) return *entry.file;
  return Error{ErrorKind::kNotFound, entry.name + ": the file is missing", "whimbrel status"};
}

/// The newest word about an item, if it was not taken back.
const EvidenceRecord* tick_of(const ChecklistFacts& facts, std::string_view item) {
  const EvidenceRecord* word = newest(facts.records, kTickEvidence, item);
  return word && word->passed ? word : nullptr;
}

std::string command_for(const ItemDefinition& definition, const ChecklistFacts& facts) {
  std::string whimbrel = whimbrel_in(facts.project.config);
  std::string command = definition.command;
  if (command.empty()) {
    return fmt::format("{} checklist tick {} {} --note \"what was done\"", whimbrel,
                       definition.name, facts.entry.name);
  }
  bool names_file = command != "up" && command != "status" && command != "down --dry-run";
  return fmt::format("{} {}{}", whimbrel, command, names_file ? " " + facts.entry.name : "");
}

ChecklistItem check(const ItemDefinition& definition, const ChecklistFacts& facts,
                    ChecklistPhase now) {
  const auto& asked_for = facts.project.config.required_evidence;
  bool asked = definition.phase == ChecklistPhase::kBefore &&
               std::find(asked_for.begin(), asked_for.end(), definition.name) != asked_for.end();
  ChecklistItem item{.name = definition.name,
                     .title = definition.title,
                     .phase = definition.phase,
                     .required = definition.required || asked};
  auto finding = definition.measure ? definition.measure(facts) : std::nullopt;
  const EvidenceRecord* word = tick_of(facts, definition.name);
  if (finding) {
    item.measured = true;
    item.state = finding->good ? ItemState::kDone : ItemState::kOpen;
    item.evidence = finding->text;
  } else if (word) {
    item.state = ItemState::kDone;
    item.evidence = fmt::format("{}@{} on {}: {}", word->who.user, word->who.host,
                                iso_time(word->at), word->note);
  } else {
    item.state = definition.phase > now ? ItemState::kLater : ItemState::kOpen;
  }
  if (item.state != ItemState::kDone) item.command = command_for(definition, facts);
  return item;
}

Result<Checklist> checklist_of(Project& project, const Entry& entry) {
  MigrationFile file = TRY(file_of(entry));
  Migration migration = TRY(load_any(*project.scripts, file));
  ChecklistFacts facts{project, entry, migration};
  facts.records = TRY(Evidence(project.client, project.database).read(file.hash));
  Checklist list{entry.name, file.hash, migration.description, phase_of(entry), {}};
  for (const ItemDefinition& definition : checklist_items()) {
    list.items.push_back(check(definition, facts, list.phase));
  }
  return list;
}

Status check_item(const std::string& item) {
  std::vector<std::string> names;
  for (const ItemDefinition& definition : checklist_items()) names.emplace_back(definition.name);
  if (std::find(names.begin(), names.end(), item) != names.end()) return {};
  return Error{ErrorKind::kUsage,
               fmt::format("the checklist has no item '{}'{}", item, did_you_mean(item, names)),
               "whimbrel checklist shows them"};
}

Status write_tick(Project& project, const Tick& tick, const MigrationFile& file) {
  EvidenceRecord record = new_evidence(project, kTickEvidence, tick.taken_back ? 1 : 0);
  record.item = tick.item;
  record.migration = file.name;
  record.hash = file.hash;
  record.note = tick.note;
  TRY(Evidence(project.client, project.database).add(record));
  AuditRecord audit;
  audit.action = AuditAction::kTicked;
  audit.migration = file.name;
  audit.hash = file.hash;
  audit.options = mongo::make_document("item", tick.item);
  if (tick.taken_back) audit.options.append("takenBack", true);
  audit.message = tick.note;
  audit.outcome = AuditOutcome::kDone;
  return write_audit(project, std::move(audit));
}

}  // namespace

std::string_view to_text(ChecklistPhase phase) {
  return kPhases[static_cast<size_t>(phase)];
}

std::string_view to_text(ItemState state) {
  return kStates[static_cast<size_t>(state)];
}

bool Checklist::open() const {
  return std::any_of(items.begin(), items.end(), [](const ChecklistItem& item) {
    return item.required && item.state == ItemState::kOpen;
  });
}

Result<std::vector<Checklist>> read_checklists(Project& project, const std::string& name) {
  History history = TRY(read_history(project));
  std::vector<Checklist> lists;
  for (const Entry* entry : TRY(meant_by(history, name))) {
    lists.push_back(TRY(checklist_of(project, *entry)));
  }
  return lists;
}

Result<std::vector<std::string>> tick(Project& project, const Tick& tick) {
  TRY(check_item(tick.item));
  History history = TRY(read_history(project));
  std::vector<std::string> ticked;
  for (const Entry* entry : TRY(meant_by(history, tick.name))) {
    MigrationFile file = TRY(file_of(*entry));
    TRY(write_tick(project, tick, file));
    ticked.push_back(entry->name);
  }
  return ticked;
}

}  // namespace whimbrel
