// `plan`: what `up` would do, without doing it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "flow/expectation.h"
#include "flow/plan_end.h"
#include "flow/plan_reads.h"
#include "flow/up.h"

namespace whimbrel {

struct PlannedStep {
  std::string kind;
  std::string collection;
  std::string target;  ///< of a copy or a rename
  bool is_document_step = false;
  int64_t documents = 0;            ///< in the collection, by its metadata
  std::optional<int64_t> matched;   ///< exactly; nullopt when counting took longer than 3 s
  std::optional<BatchReads> reads;  ///< nullopt: nothing matches, or the server did not tell
  std::string guarantee;
  std::string strategy;
  int lanes = 1;
  std::string lanes_reason;
  BatchLimits batch;
  std::string down;                 ///< what `down` will do
  std::vector<std::string> sample;  ///< typed diff of one document, its `_id` first
  std::vector<std::string> warnings;
};

struct PlannedMigration {
  std::string file;
  std::string description;
  bool resumes = false;
  int64_t done = 0;                     ///< documents that an open run has scanned already
  std::optional<Expectation> expected;  ///< nullopt: it was not rehearsed, or has no documents
  std::vector<PlannedStep> steps;
  std::vector<std::string> after;  ///< under `--parallel`: what must have ended before
  std::string after_why;

  bool has_document_step() const;
};

struct UpPlan {
  std::string database;
  std::string server;
  std::string topology;
  std::string environment;
  std::optional<OplogRoom> oplog;
  std::vector<PlannedMigration> migrations;
  TimeLimits limits;
  Windows::Time now;  ///< the server's
  ExpectedEnd end;
  std::vector<std::string> notes;  ///< about the configuration
  mongo::Document bond;            ///< what it holds for (plan_bond.h)
};

/// Reads only: nothing is written, no lock is taken.
Result<UpPlan> plan_up(Project& project, const Selection& selection,
                       const EngineOverrides& overrides, const TimeLimits& limits);

}  // namespace whimbrel
