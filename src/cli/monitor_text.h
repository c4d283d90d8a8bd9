// A sample of `monitor` for people and for programs.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "flow/monitor.h"

namespace whimbrel {

/// Where the sample comes from, as `monitor` says it.
struct MonitorPlace {
  std::string database;
  std::string version;   ///< of the server
  std::string topology;  ///< "replicaset", "standalone", "sharded"
};

/// The table on a terminal: one thing a line, at most `most` lines; what is left out is said in the
/// last one. Control characters in what the server says are replaced.
std::vector<std::string> monitor_table(const MonitorPlace& place, const MonitorSample& sample,
                                       size_t most);
/// One line, and one more for each slow operation, without a line feed at the end.
std::string monitor_line(const MonitorSample& sample);
/// "members (not authorised), disk (…)"; "" when all is known.
std::string missing_text(const MonitorSample& sample);
/// docs/monitor.md has the fields.
nlohmann::ordered_json monitor_json(const MonitorPlace& place, const MonitorSample& sample);

}  // namespace whimbrel
