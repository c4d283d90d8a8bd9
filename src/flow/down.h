// `down`: undoes the last applied migrations, or what an open run has done so far.
#pragma once

#include "flow/apply.h"

namespace whimbrel {

struct DownOptions {
  int steps = 1;
  std::string to;      ///< undo everything applied after this one; it stays applied
  bool block = false;  ///< undo everything that was applied by the same `up` as the last one
  EngineOverrides overrides;
  std::chrono::milliseconds lock_wait{0};
  InDoubt in_doubt = InDoubt::kAsk;
};

/// One migration that `down` would undo.
struct UndoItem {
  Migration migration;
  Run run;               ///< the run that applied it; without an id if there is no record of one
  bool applied = false;  ///< false: only an open run
  int64_t journal_bytes = 0;
};

/// What is to be undone, last applied first; an open run comes before everything. Everything that
/// would make it impossible is an Error here, before anything is touched: a missing or changed
/// file, a step that says `irreversible`, a journal that is gone.
Result<std::vector<UndoItem>> choose_undo(Project& project, const History& history,
                                          const DownOptions& options);

/// The item of a migration that is loaded already: an Error when its steps cannot be undone.
Result<UndoItem> undo_item(const Entry& entry, Migration migration);

struct DownSummary {
  std::vector<std::string> undone;
  int64_t restored = 0;
  int64_t conflicts = 0;
  std::vector<std::string> examples;  ///< "file: _id …" of documents that were left alone
};

Status down(Project& project, const DownOptions& options, Reporter& reporter, Stop& stop,
            DownSummary& summary);

}  // namespace whimbrel
