// What a rehearsal lets one expect of `up`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "flow/estimate.h"
#include "flow/project.h"
#include "state/evidence.h"

namespace whimbrel {

/// The estimate among the figures of a rehearsal; zeros where there is none.
Estimate estimate_in(mongo::View figures);

/// From the newest rehearsal of the very file that passed, for as many documents as there are now.
struct Expectation {
  Estimate estimate;
  int64_t journal_bytes = 0;         ///< pre-images, compressed
  std::optional<int64_t> log_bytes;  ///< in all, to the server's log; nullopt where it did not tell
  std::string rehearsed;             ///< where and when
};
/// `matched`: documents that its steps will change; nullopt: as many as at the rehearsal.
std::optional<Expectation> expectation(const std::vector<EvidenceRecord>& records,
                                       std::optional<int64_t> matched);

/// What the oplog of the primary holds: how long a secondary may be away.
struct OplogRoom {
  int64_t bytes = 0;   ///< its greatest size
  double seconds = 0;  ///< between its oldest and its newest entry now
};
/// nullopt without a replica set, and where the user may not read `local`.
std::optional<OplogRoom> oplog_room(Project& project);

}  // namespace whimbrel
