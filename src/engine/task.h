// engine: document migrations, range by range and batch by batch, in lanes.
//
// A task is one document step, made ready: what to change where, by which strategy, within which
// limits.
#pragma once

#include <optional>
#include <string>

#include "engine/batch_size.h"
#include "migration/migration.h"
#include "node/requests.h"
#include "state/ranges.h"

namespace whimbrel {

/// How a batch is made safe against a crash (docs/guarantees.md).
enum class Strategy {
  kTransaction,  ///< reads, journal, writes and checkpoint commit together
  kLedger,       ///< journal, then guarded writes, then checkpoint; settled after a crash
  kPlain,        ///< writes, then checkpoint; `where` keeps finished documents out
};
std::string_view to_text(Strategy strategy);
/// What a script's transactions with `journal: off` are remembered as.
inline constexpr std::string_view kUnjournalledTransaction = "transaction without journal";

/// What the server knows about a collection.
struct CollectionFacts {
  bool exists = false;
  bool is_view = false;
  bool is_time_series = false;
  bool is_capped = false;
  mongo::Document collation;  ///< the default collation; empty: simple
  mongo::Document options;
  int64_t documents = 0;  ///< an estimate
  int64_t average_bytes = 0;
};
Result<CollectionFacts> read_facts(mongo::Client& client, const std::string& database,
                                   const std::string& collection);

/// How a document migration in JavaScript is asked.
struct ScriptSetting {
  node::HostSetting host;
  node::MigrationSetting migration;
  std::chrono::milliseconds transform_timeout{60'000};  ///< for one batch
};

struct DocumentTask {
  StepKey key;
  std::string migration;  ///< file name
  std::string database;
  Step step;                            ///< an UpdateStep, DeleteStep, CopyStep or TransformStep
  std::optional<ScriptSetting> script;  ///< only with a TransformStep
  Strategy strategy = Strategy::kTransaction;
  CollectionFacts facts;
  BatchLimits limits;
  int workers = 1;
  int64_t max_errors = 0;  ///< quarantined documents that the step bears

  const std::string& collection() const;
  /// Where the documents are written: `to` of a copy, else the collection itself.
  const std::string& target() const;
  const mongo::Document& where() const;
  /// The strategy and, where it has a choice, whether it has a journal: what a resumed step must
  /// keep.
  std::string_view strategy_text() const;
};

}  // namespace whimbrel
