#include "migration/steps.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "migration/core_schema.h"
#include "migration/values.h"

namespace whimbrel::migration {
namespace {

struct StepKind {
  std::string name;
  Names keys;  ///< besides the name
  StepBody (*read)(const StepSource&);
  std::string_view not_in_transaction;  ///< why, or "" when it may be in one
};

constexpr std::string_view kCatalogue =
    "the server does not run it inside a multi-document transaction";
constexpr std::string_view kNewOnly =
    "inside a multi-document transaction the server does it only on new, empty collections";

const Names kDocumentOptions = {"check", "journal", "batch", "workers", "irreversible"};

Names with_document_options(Names keys) {
  keys.insert(keys.end(), kDocumentOptions.begin(), kDocumentOptions.end());
  return keys;
}

Names with_options(Names keys) {
  keys.insert(keys.end(), {"check", "irreversible"});
  return keys;
}

const std::vector<StepKind>& step_kinds() {
  static const std::vector<StepKind> kKinds = {
      {"update", with_document_options({"where", "with", "arrayFilters"}), read_update, ""},
      {"delete", with_document_options({"where"}), read_delete, ""},
      {"copy", with_document_options({"to", "where", "with"}), read_copy, ""},
      {"insert", with_options({"documents"}), read_insert, ""},
      {"createIndexes", with_options({"indexes"}), read_create_indexes, kNewOnly},
      {"dropIndexes", with_options({"indexes"}), read_drop_indexes, kCatalogue},
      {"createCollection", with_options({"options"}), read_create_collection, kNewOnly},
      {"dropCollection", {"irreversible"}, read_drop_collection, kCatalogue},
      {"renameCollection", {"to", "irreversible"}, read_rename_collection, kCatalogue},
      {"collMod", with_options(coll_mod_options()), read_coll_mod, kCatalogue},
      {"command",
       {"reverse", "irreversible"},
       read_command,
       "whimbrel cannot know whether the server runs it inside a multi-document transaction"},
  };
  return kKinds;
}

const StepKind* kind_of(std::string_view name) {
  for (const StepKind& kind : step_kinds()) {
    if (kind.name == name) return &kind;
  }
  return nullptr;
}

const Names& step_names() {
  static const Names kNames = [] {
    Names names;
    for (const StepKind& kind : step_kinds()) names.push_back(kind.name);
    return names;
  }();
  return kNames;
}

/// The entry that names the step, or nullptr and a problem.
const YamlEntry* find_named(const YamlNode& node, ProblemList& problems) {
  if (!node.is_mapping() || node.entries.empty()) {
    refuse_value(node, "a step", "a mapping such as 'update: COLLECTION'", problems);
    return nullptr;
  }
  const YamlEntry* named = nullptr;
  for (const YamlEntry& entry : node.entries) {
    if (!kind_of(entry.key.text)) continue;
    if (named) {
      problems.add(entry.key, fmt::format("a step does one thing, and this one has '{}' and '{}'; "
                                          "make it two list items",
                                          named->key.text, entry.key.text));
      return nullptr;
    }
    named = &entry;
  }
  if (!named) {
    const YamlNode& key = node.entries.front().key;
    problems.add(key, unknown_word("step", key.text, step_names()));
  }
  return named;
}

BatchOptions read_batch(const YamlNode& node, ProblemList& problems) {
  static const Names kKeys = {"docs", "bytes", "time"};
  BatchOptions batch;
  auto read_docs = [&](const YamlNode& docs) {
    batch.docs = static_cast<int>(read_integer(docs, "batch.docs", 1, kMaxBatchDocs, problems));
  };
  if (node.is_scalar()) {
    read_docs(node);
    return batch;
  }
  if (!node.is_mapping()) {
    refuse_value(node, "batch", "{ docs: N, bytes: SIZE, time: DURATION } or a number of documents",
                 problems);
    return batch;
  }
  refuse_unknown_keys(node, "batch", kKeys, problems);
  if (const YamlNode* docs = node.find("docs")) read_docs(*docs);
  if (const YamlNode* bytes = node.find("bytes")) {
    batch.bytes = read_batch_bytes(*bytes, "batch.bytes", problems);
  }
  if (const YamlNode* time = node.find("time")) {
    batch.milliseconds = read_batch_time(*time, "batch.time", problems);
  }
  return batch;
}

void read_options(Step& step, const StepSource& source) {
  ProblemList& problems = source.problems;
  if (const YamlNode* check = source.find("check")) step.checks = read_checks(*check, problems);
  if (const YamlNode* irreversible = source.find("irreversible")) {
    step.irreversible = read_bool(*irreversible, "irreversible", problems);
  }
  if (!step.is_document_step()) return;
  if (const YamlNode* journal = source.find("journal")) {
    step.journal = read_switch(*journal, "journal", problems);
  }
  if (const YamlNode* batch = source.find("batch")) step.batch = read_batch(*batch, problems);
  if (const YamlNode* workers = source.find("workers")) {
    step.workers = read_workers(*workers, problems);
  }
}

/// Why the step cannot be undone, or "".
std::string irreversible_reason(const Step& step) {
  if (step.kind == "dropCollection") return "the dropped documents are gone";
  if (auto* command = std::get_if<CommandStep>(&step.body)) {
    return command->reverse ? "" : "a command without 'reverse' has none";
  }
  bool changes = step.kind == "update" || step.kind == "delete";
  return changes && !step.journal ? "with 'journal: off' nothing is kept to restore" : "";
}

void check_reversible(const Step& step, const StepSource& source) {
  std::string reason = irreversible_reason(step);
  if (step.irreversible || reason.empty()) return;
  source.problems.add(source.named.key,
                      fmt::format("this {} cannot be undone ({}); add 'irreversible: true' to the "
                                  "step, or write the steps back under 'down:'",
                                  step.kind, reason));
}

void check_transaction(const Step& step, const StepKind& kind, const StepSource& source) {
  if (!kind.not_in_transaction.empty()) {
    source.problems.add(source.named.key,
                        fmt::format("'{}' cannot be part of 'transaction: true': {}; put it into a "
                                    "migration of its own",
                                    kind.name, kind.not_in_transaction));
  }
  if (step.workers && *step.workers != 1) {
    source.problems.add(*source.find("workers"),
                        "with 'transaction: true' the steps run one after the other: workers can "
                        "only be 1");
  }
  if (!step.journal) {
    source.problems.add(*source.find("journal"),
                        "'journal: off' has no use with 'transaction: true'; leave it out");
  }
}

}  // namespace

const YamlNode* StepSource::require(std::string_view key, std::string_view example) const {
  const YamlNode* value = find(key);
  if (!value) {
    problems.add(named.key,
                 fmt::format("{} needs '{}', for example {}", named.key.text, key, example));
  }
  return value;
}

mongo::Document StepSource::where() const {
  const YamlNode* node = find("where");
  return node ? to_document(*node, "where", problems) : mongo::Document();
}

Step read_step(const YamlNode& node, const StepRules& rules, ProblemList& problems) {
  Step step;
  step.line = node.line;
  const YamlEntry* named = find_named(node, problems);
  if (!named) return step;
  const StepKind& kind = *kind_of(named->key.text);
  step.kind = kind.name;
  step.line = named->key.line;
  Names allowed = {kind.name};
  allowed.insert(allowed.end(), kind.keys.begin(), kind.keys.end());
  refuse_unknown_keys(node, fmt::format("the step '{}'", kind.name), allowed, problems);
  StepSource source{node, *named, problems};
  step.body = kind.read(source);
  read_options(step, source);
  if (!rules.irreversible_ok) check_reversible(step, source);
  if (rules.transaction) check_transaction(step, kind, source);
  return step;
}

}  // namespace whimbrel::migration
