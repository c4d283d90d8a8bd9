// `report`: what a run did, from what the database kept of it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "flow/project.h"
#include "state/audit.h"
#include "state/evidence.h"
#include "state/runs.h"
#include "state/samples.h"

namespace whimbrel {

/// Between two samples of a step.
struct Pace {
  double seconds = 0;  ///< after the run's first sample
  double docs_per_second = 0;
};

struct Report {
  std::string migration, description;
  std::string state;  ///< as `status` has it
  std::string database, server, topology;
  Run run;
  int64_t applied_at = 0;  ///< 0: it is not
  std::vector<Sample> samples;
  std::vector<AuditEntry> events;         ///< of this migration, oldest first
  std::vector<EvidenceRecord> records;    ///< of its file as the run had it
  int64_t quarantined = 0;                ///< now
  std::vector<std::string> first_errors;  ///< ten of those, with their `_id`s

  double docs_per_second() const;
  /// Of each step from its second sample on.
  std::vector<Pace> paces() const;
};

/// Of the migration that `name` means, or of the one that ran last with "". kNotFound when no run
/// of whimbrel's is known. Reads only.
Result<Report> read_report(Project& project, const std::string& name);

}  // namespace whimbrel
