#include "observe/event_json.h"

namespace whimbrel {

Json to_json(const Counts& counts) {
  return Json{{"scanned", counts.scanned},
              {"modified", counts.modified},
              {"unchanged", counts.unchanged},
              {"quarantined", counts.quarantined},
              {"conflicts", counts.conflicts}};
}

Json to_json(const Summary& summary) {
  return Json{{"type", "summary"},
              {"exit", summary.exit},
              {"applied", summary.applied},
              {"documents", to_json(summary.documents)},
              {"seconds", summary.seconds},
              {"errors", summary.errors},
              {"residual", summary.residual},
              {"doneBefore", summary.done_before}};
}

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json progress_json(const std::string& migration, const Snapshot& now) {
  Json progress_event{
      {"type", "progress"}, {"migration", migration},           {"done", now.counts.scanned},
      {"total", now.total}, {"documents", to_json(now.counts)}, {"rate", now.rate},
      {"lanes", now.lanes}};
  progress_event["pct"] = now.percent ? Json(*now.percent) : Json(nullptr);
  progress_event["eta_s"] = now.eta ? Json(*now.eta) : Json(nullptr);
  if (now.makes_way) progress_event["makesWay"] = true;
  if (!now.held.empty()) progress_event["held"] = now.held;
  return progress_event;
}

std::string counts_json(const Counts& counts) {
  return dump(to_json(counts));
}

}  // namespace whimbrel
