// `test` and `rehearse`: migrations tried by the real engine on copies in a scratch database.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "flow/estimate.h"
#include "flow/up.h"

namespace whimbrel {

enum class Phase {
  kTest,      ///< a few documents, chosen to differ, every one shown before and after
  kRehearse,  ///< many, drawn at random, measured
};
std::string_view to_text(Phase phase);

struct TrialOptions {
  Phase phase = Phase::kTest;
  std::string name;    ///< "" for every pending migration
  int64_t docs = 10;   ///< of each collection and `where`
  bool whole = false;  ///< all documents of the collections that it works on
  EngineOverrides overrides;
};

/// One document before and after; nullopt where there is none.
struct TrialSample {
  std::string collection;
  mongo::OwnedValue id;
  std::optional<mongo::Document> before, after;
};

struct TrialFailure {
  mongo::OwnedValue id;
  std::string message;
};

/// What became of one migration.
struct Trial {
  Phase phase = Phase::kTest;
  std::string migration, hash;
  int64_t sample = 0;  ///< documents that its steps tried; for a script those that it found there
  Counts documents;
  std::vector<TrialFailure> failures;  ///< the first thousand
  int64_t error_budget = 0;            ///< failures that `up` would bear among so many documents
  double seconds = 0;                  ///< of its `up`
  int64_t bytes = 0;                   ///< of the sample's documents, before
  std::optional<int64_t> log_bytes;    ///< that the whole server wrote to its log meanwhile
  double docs_per_second = 0;          ///< batches alone, all lanes; 0 where there was none
  std::optional<bool> idempotent;      ///< run again, it changed nothing; nullopt: not tried
  std::string idempotent_why;
  std::optional<bool> round_trip;  ///< `down` brought every byte back; nullopt: not tried
  std::string round_trip_why;
  std::optional<Estimate> estimate, estimate_10m;
  std::vector<TrialSample> samples;
  std::vector<std::string> notes;  ///< what could not be tried, and what a script touched
  std::optional<Error> error;      ///< why its `up` or `down` ended early

  /// log_bytes for each of `bytes`; nullopt where the server does not tell.
  std::optional<double> write_amplification() const;
  int64_t succeeded() const { return sample - documents.quarantined; }
  /// 0; 1 (or the error's own) when it failed, more documents did than `up` would bear, or `down`
  /// does not bring them back; 3 when some did.
  int exit() const;
};

/// Tries them one after the other in one scratch database, each on what the ones before it made;
/// pending ones before `options.name` are applied there without being tried. Ends with the first
/// that fails. Writes nothing to the project's own database but the evidence of each. Errors: what
/// choose_pending() finds wrong with the files, a scratch database that cannot be made, a stop.
Result<std::vector<Trial>> try_migrations(Project& project, const TrialOptions& options,
                                          Reporter& reporter, Stop& stop);

}  // namespace whimbrel
