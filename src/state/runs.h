// Runs: one document for each execution of a migration, from its first touch of the database on.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/process.h"
#include "mongo/collection.h"
#include "state/changelog.h"
#include "state/control.h"

namespace whimbrel {

/// What has happened to documents so far.
struct Counts {
  int64_t scanned = 0;
  int64_t modified = 0;
  int64_t unchanged = 0;
  int64_t quarantined = 0;
  int64_t conflicts = 0;      ///< writes repeated because the application wrote the same document
  int64_t journal_bytes = 0;  ///< stored pre-images, compressed

  Counts& operator+=(const Counts& other);
  mongo::Document to_document() const;
  static Counts from(mongo::View document);
};

enum class RunState {
  kRunning,
  kInterrupted,  ///< ended in good order by Ctrl-C, a limit or a lost lock
  kFailed,       ///< a step or a check failed; can be resumed or undone
  kDone,
  kUndoing,
  kUndone,
};
std::string_view to_text(RunState state);

/// How far one step of a run is.
struct StepState {
  enum class Progress { kPending, kRunning, kDone, kUndone };
  Progress progress = Progress::kPending;
  std::string kind;
  std::string collection;
  std::string strategy;                    ///< document steps: "transaction", "ledger", "plain"
  std::optional<mongo::OwnedValue> first;  ///< smallest `_id` when the step started
  std::optional<mongo::OwnedValue> last;   ///< largest `_id` when the step started
  int64_t total = 0;                       ///< documents in the collection then
  Counts counts;
  /// Documents that still matched `where` at the end; unknown where it does not tell finished ones
  /// from others.
  std::optional<int64_t> residual;
  double busy_seconds = 0;  ///< spent in batches, those of every lane added up
  mongo::Document undo;     ///< what the reverse of this step needs
};

/// The run document (docs/state.md).
struct Run {
  std::string id;  ///< ObjectId, hex
  std::string file;
  std::string hash;
  RunState state = RunState::kRunning;
  int64_t epoch = 0;
  ProcessIdentity process;
  int64_t started_at = 0;
  int64_t updated_at = 0;
  double seconds = 0;  ///< working time, pauses between resumptions left out
  double block = 0;
  std::string log_file;
  std::string message;           ///< why it failed
  bool journal_removed = false;  ///< by age, or because it was used up by `down`
  bool whole = false;  ///< the transaction that does all of it is under way; as it was read
  std::vector<StepState> steps;
  std::optional<Control> control;  ///< what people asked of it
  std::optional<Steered> steered;  ///< and what became of that

  bool is_open() const;
  Counts counts() const;
  /// Documents that its steps will visit, as far as they are known.
  int64_t total() const;
  int64_t residual() const;  ///< of all steps, as far as it is known
};

/// What a process is told that no longer owns a run: kLockHeld.
Error taken_over();

/// Whether it ran a script, which has one step and is done as a whole.
bool is_script_run(const Run& run);

/// A document of kRunsCollection. Errors: a newer version (version.h).
Result<Run> read_run(mongo::View document);

class Runs {
 public:
  Runs(mongo::Client& client, std::string_view database)
      : runs_(client, database, kRunsCollection) {}

  /// All runs, oldest first. A document with a newer `v` is refused with its number.
  Result<std::vector<Run>> read() const;
  /// nullopt when it is gone.
  Result<std::optional<Run>> read_one(const std::string& id) const;
  /// Those whose documents say that they run or are being undone, of that epoch or of any.
  Result<std::vector<Run>> at_work(std::optional<int64_t> epoch = {}) const;
  /// Writes a new run with server time.
  Status start(const Run& run) const;
  /// Writes state, message, seconds, log file. With `session`, inside its transaction.
  Status save_state(const Run& run, mongo::Session* session = nullptr) const;
  Status save_step(const Run& run, size_t step, mongo::Session* session = nullptr) const;
  /// Writes all of them, for a run whose steps became others.
  Status save_steps(const Run& run, mongo::Session* session) const;
  /// As save_state(), with an epoch of our own, for a run of an earlier holder of the lock;
  /// kLockHeld when it is no longer as it was read: that holder's last transaction has ended it.
  Status take_up(const Run& run, const Run& as_read) const;
  /// kLockHeld unless the run still has that epoch; a transaction fails if it changes meanwhile.
  Status assert_epoch(const std::string& id, int64_t epoch, mongo::Session* session) const;
  /// One transaction does all of the run from here on; whoever else writes into the document makes
  /// it begin again. Holds until the next save_state() or take_up().
  Status mark_whole(const std::string& id) const;
  /// The run's journal is gone: it cannot be undone any more.
  Status mark_journal_removed(const std::string& id) const;

 private:
  mongo::Collection runs_;
};

}  // namespace whimbrel
