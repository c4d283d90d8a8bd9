// migration: files become values; everything about them that can be known without a server is
// checked here.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "mongo/bson.h"

namespace whimbrel {

/// What `check:` asserts after a step, on that step's collection.
struct Check {
  enum class Kind { kNone, kAll, kCount, kAggregateEmpty };
  Kind kind = Kind::kNone;
  mongo::Document filter;    ///< none, all, count
  mongo::Document pipeline;  ///< aggregate: an array
  int64_t equals = 0;        ///< count
  std::string text;  ///< As the user would recognise it: "none {…}" in relaxed Extended JSON.
};

/// How the documents of an `update` change: a pipeline (array) or update operators (document).
struct UpdateSpec {
  bool is_pipeline = false;
  mongo::Document body;                          ///< array if is_pipeline
  std::optional<mongo::Document> array_filters;  ///< array; only with operators
};

/// Options of one document step; unset ones come from the configuration.
struct BatchOptions {
  std::optional<int> docs;
  std::optional<int64_t> bytes;
  std::optional<int64_t> milliseconds;
};

struct UpdateStep {
  std::string collection;
  mongo::Document where;
  UpdateSpec with;
};
struct DeleteStep {
  std::string collection;
  mongo::Document where;
};
struct CopyStep {
  std::string collection;
  std::string to;
  mongo::Document where;
  std::optional<mongo::Document> pipeline;  ///< array
};
struct InsertStep {
  std::string collection;
  std::vector<mongo::Document> documents;  ///< each has an `_id`
};
struct CreateIndexesStep {
  std::string collection;
  std::vector<mongo::Document> indexes;  ///< server form: key, name (filled in), options
};
struct DropIndexesStep {
  std::string collection;
  std::vector<std::string> names;  ///< name or "*" alone
};
struct CreateCollectionStep {
  std::string collection;
  mongo::Document options;
};
struct DropCollectionStep {
  std::string collection;
};
struct RenameCollectionStep {
  std::string collection;
  std::string to;
};
struct CollModStep {
  std::string collection;
  mongo::Document options;  ///< validator, validationLevel, index, …
};
struct CommandStep {
  mongo::Document command;
  std::optional<mongo::Document> reverse;
};

/// `up(db, client)`, `down(db, client)` or `migrate()` of a JavaScript file: run whole by the
/// user's Node.
struct ScriptStep {
  std::string function;  ///< "up", "down" or "migrate"
};
/// A document migration in JavaScript: the engine asks its function batch by batch.
struct TransformStep {
  std::string collection;
  mongo::Document where;
  std::vector<std::string> reads;  ///< the fields that it is given besides `_id`; empty: all
  bool reverts = false;            ///< asks revert(doc, ctx) instead of transform
  bool checks = false;             ///< check(ctx) is called when the documents are done
};

using StepBody =
    std::variant<UpdateStep, DeleteStep, CopyStep, InsertStep, CreateIndexesStep, DropIndexesStep,
                 CreateCollectionStep, DropCollectionStep, RenameCollectionStep, CollModStep,
                 CommandStep, ScriptStep, TransformStep>;

/// One entry of `steps:` (or of `down:`).
struct Step {
  StepBody body;
  std::string kind;  ///< "update", "createIndexes", … as written
  int line = 0;      ///< 1-based, in the file
  std::vector<Check> checks;
  bool irreversible = false;
  bool journal = true;  ///< update, delete, copy, transform
  std::optional<int> workers;
  std::optional<int64_t> max_errors;       ///< transform: options.maxErrors as a count …
  std::optional<double> max_errors_share;  ///< … or as a share of the documents
  BatchOptions batch;

  /// The collection the step is about; "" for `command`.
  const std::string& collection() const;
  /// Of a document step; empty for others.
  const mongo::Document& where() const;
  /// True for update, delete, copy and transform: steps that the engine runs range by range.
  bool is_document_step() const;
};

/// How a migration is undone.
enum class DownKind {
  kReverse,  ///< every step's own reverse, documents from the journal (`down: journal`, the
             ///< default)
  kSteps,    ///< the steps listed under `down:`
};

/// A migration file, checked.
struct Migration {
  std::string file;  ///< file name without directory; its identity in the changelog
  std::string path;
  std::string hash;  ///< SHA-256 of the file's bytes, lower-case hex
  std::string description;
  std::vector<Step> steps;
  DownKind down = DownKind::kReverse;
  std::vector<Step> down_steps;
  std::vector<std::string> environments;  ///< empty: all
  std::vector<std::string> tags;
  bool transaction = false;
  /// All collections that it touches, where a script says so; nullopt: not said. Empty: none.
  std::optional<std::vector<std::string>> declared_collections;

  /// False when a step says `irreversible: true` and there are no written `down` steps.
  bool reversible() const;
};

/// Where in a file something is wrong; printed as "file:line:column: message".
struct Problem {
  std::string file;
  int line = 0;         ///< 1-based; 0 when the whole file is meant
  int column = 0;       ///< 1-based
  std::string message;  ///< what is wrong and what is allowed
  std::string text() const;
};

}  // namespace whimbrel
