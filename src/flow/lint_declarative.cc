#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "flow/lint_file.h"
#include "flow/lint_update.h"
#include "migration/comments.h"
#include "migration/json.h"
#include "migration/yaml.h"

namespace whimbrel {
namespace {

using migration::YamlEntry;
using migration::YamlNode;

/// The tree of a file that was loaded, for its places.
YamlNode tree_of(const MigrationFile& file) {
  migration::ProblemList ignored(file.name);
  auto root = file.name.ends_with(".json") ? migration::parse_json(file.source, ignored)
                                           : migration::parse_yaml(file.source, ignored);
  return root ? std::move(*root) : YamlNode();
}

/// One step with its place in the file.
struct PlacedStep {
  const Step& step;
  const YamlNode* node;  ///< null when the file has none there

  /// Where `key` stands; where the step does, when it has no such key.
  LintPlace at(std::string_view key) const {
    const YamlEntry* entry = node ? node->find_entry(key) : nullptr;
    if (!entry && node) entry = node->find_entry(step.kind);
    int start = node ? node->line : step.line;
    if (!entry) return {step.line, 1, start};
    return {entry->key.line, entry->key.column, start};
  }
  LintPlace start() const { return at(step.kind); }
};

std::vector<PlacedStep> placed(const std::vector<Step>& steps, const YamlNode& root,
                               std::string_view key) {
  const YamlNode* list = root.find(key);
  std::vector<PlacedStep> result;
  for (size_t i = 0; i < steps.size(); ++i) {
    bool known = list && i < list->items.size();
    result.push_back({steps[i], known ? &list->items[i] : nullptr});
  }
  return result;
}

/// Collections that come into being in the file itself.
std::set<std::string> created_by(const Migration& migration) {
  std::set<std::string> created;
  for (const Step& step : migration.steps) {
    if (std::holds_alternative<CreateCollectionStep>(step.body)) created.insert(step.collection());
    if (auto* copy = std::get_if<CopyStep>(&step.body)) created.insert(copy->to);
    if (auto* rename = std::get_if<RenameCollectionStep>(&step.body)) created.insert(rename->to);
  }
  return created;
}

void lint_update(LintedFile& linted, const PlacedStep& placed, const UpdateStep& update) {
  UpdateText text{update.with.body, update.with.is_pipeline};
  linted.writes.push_back({update.collection, written_fields(text), placed.at("with")});
  std::string why = unrepeatable(text);
  if (why.empty() || excludes_finished(update.where, text)) return;
  linted.add(kNotRepeatable, Severity::kWarning, placed.at("with"),
             fmt::format("{}, and `where` does not leave finished documents out; whimbrel applies "
                         "this once to each document, another run would not",
                         why),
             "add a condition that the change makes false: `where: { migrated: { $ne: true } }` "
             "with `$set: { migrated: true }`");
}

void lint_drop(LintedFile& linted, const PlacedStep& placed, std::string_view what) {
  linted.add(
      kDrop, placed.start(),
      fmt::format("{} is dropped, and neither the journal nor `down` can bring its documents "
                  "back",
                  what),
      drop_hint("#"));
}

void lint_command(LintedFile& linted, const PlacedStep& placed, const CommandStep& command) {
  mongo::View view = command.command;
  if (view.empty()) return;
  std::string name(view.elements().front().key());
  if (name == "drop") lint_drop(linted, placed, view.get_string("drop"));
  if (name == "dropDatabase") lint_drop(linted, placed, "the whole database");
  if (name == "createIndexes") {
    linted.index_builds.push_back({view.get_string("createIndexes"), placed.start()});
  }
}

void lint_structure(LintedFile& linted, const PlacedStep& placed,
                    const std::set<std::string>& created) {
  const Step& step = placed.step;
  bool drops = std::holds_alternative<DropCollectionStep>(step.body);
  if (drops && !created.contains(step.collection())) lint_drop(linted, placed, step.collection());
  if (auto* command = std::get_if<CommandStep>(&step.body)) lint_command(linted, placed, *command);
  if (std::holds_alternative<CreateIndexesStep>(step.body)) {
    if (!created.contains(step.collection()))
      linted.index_builds.push_back({step.collection(), placed.start()});
  }
}

bool leads_with_any(const CreateIndexesStep& step, const std::vector<std::string>& fields) {
  return std::any_of(step.indexes.begin(), step.indexes.end(), [&](const mongo::Document& index) {
    auto keys = index.view().get_document("key").elements();
    return !keys.empty() &&
           std::find(fields.begin(), fields.end(), keys.front().key()) != fields.end();
  });
}

/// Whether a step of the same file before it makes an index for its `where`.
bool is_indexed_before(const Migration& migration, const Step& step) {
  std::vector<std::string> fields = filter_fields(step.where());
  for (const Step& earlier : migration.steps) {
    if (&earlier == &step) return false;
    auto* indexes = std::get_if<CreateIndexesStep>(&earlier.body);
    bool same = indexes && indexes->collection == step.collection();
    if (same && leads_with_any(*indexes, fields)) return true;
  }
  return false;
}

void lint_documents(LintedFile& linted, const PlacedStep& placed, const Migration& migration) {
  const Step& step = placed.step;
  if (auto* update = std::get_if<UpdateStep>(&step.body)) lint_update(linted, placed, *update);
  bool deletes = std::holds_alternative<DeleteStep>(step.body);
  if (deletes && step.where().view().empty()) {
    linted.add(kNoFilter, Severity::kWarning, placed.at("where"),
               fmt::format("every document of {} is deleted: `where` is empty", step.collection()),
               "narrow `where`, or say why all of them: # whimbrel: allow W002 REASON");
  }
  if (has_server_script(step.where())) add_server_script(linted, placed.at("where"));
  bool script = false;
  if (auto* update = std::get_if<UpdateStep>(&step.body))
    script = has_server_script(update->with.body);
  if (auto* copy = std::get_if<CopyStep>(&step.body))
    script = copy->pipeline && has_server_script(*copy->pipeline);
  if (script) add_server_script(linted, placed.at("with"));
  if (!step.where().view().empty() && !is_indexed_before(migration, step))
    linted.filters.push_back({step.collection(), step.where(), placed.at("where")});
}

void lint_way_back(LintedFile& linted, const std::vector<PlacedStep>& steps,
                   const Migration& migration) {
  if (migration.reversible()) return;
  for (const PlacedStep& one : steps) {
    if (!one.step.irreversible) continue;
    linted.add(kNoWayBack, one.at("irreversible"),
               "this step cannot be undone, so neither can the migration: only a backup would "
               "bring back what was",
               "write the steps back under `down:`, or make a backup before `whimbrel up`");
    return;
  }
}

}  // namespace

void lint_declarative(LintedFile& linted, const MigrationFile& file, const Migration& migration) {
  YamlNode root = tree_of(file);
  auto steps = placed(migration.steps, root, "steps");
  std::set<std::string> created = created_by(migration);
  for (const PlacedStep& one : steps) {
    if (one.step.is_document_step()) lint_documents(linted, one, migration);
    else lint_structure(linted, one, created);
  }
  for (const PlacedStep& one : placed(migration.down_steps, root, "down")) {
    if (!one.step.is_document_step()) lint_structure(linted, one, created);
  }
  lint_way_back(linted, steps, migration);
  if (file.name.ends_with(".json")) return;
  for (const migration::Comment& comment : migration::yaml_comments(file.source)) {
    auto found = read_suppression(comment.text);
    if (!found) continue;
    found->line = found->end = comment.line;
    found->top = comment.top;
    found->alone = comment.alone;
    linted.suppressions.push_back(std::move(*found));
  }
}

}  // namespace whimbrel
