#include "flow/expectation.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "mongo/collection.h"

namespace whimbrel {

using mongo::make_document;

namespace {

double number_at(mongo::View document, const char* key) {
  auto value = document.find(key);
  return value ? value->as_double() : 0;
}

const EvidenceRecord* newest_rehearsal(const std::vector<EvidenceRecord>& records) {
  auto found = std::find_if(records.rbegin(), records.rend(), [](const EvidenceRecord& record) {
    return record.kind == kRehearsalEvidence && record.passed &&
           record.figures.view().find("estimate");
  });
  return found == records.rend() ? nullptr : &*found;
}

int64_t times(int64_t bytes, double factor) {
  return static_cast<int64_t>(static_cast<double>(bytes) * factor);
}

}  // namespace

Estimate estimate_in(mongo::View figures) {
  mongo::View estimate = figures.get_document("estimate");
  return {estimate.get_int("documents"), number_at(estimate, "p10"), number_at(estimate, "p50"),
          number_at(estimate, "p90")};
}

std::optional<Expectation> expectation(const std::vector<EvidenceRecord>& records,
                                       std::optional<int64_t> matched) {
  const EvidenceRecord* record = newest_rehearsal(records);
  if (!record) return std::nullopt;
  mongo::View figures = record->figures.view();
  Expectation expected;
  expected.estimate = estimate_in(figures);
  if (matched) expected.estimate = scaled_to(expected.estimate, *matched);
  double sample = number_at(figures, "documents");
  double factor = sample > 0 ? static_cast<double>(expected.estimate.documents) / sample : 0;
  expected.journal_bytes = times(figures.get_int("journalBytes"), factor);
  if (figures.find("logBytes")) expected.log_bytes = times(figures.get_int("logBytes"), factor);
  expected.rehearsed = fmt::format("in {} on {}", record->place(), iso_time(record->at));
  return expected;
}

std::optional<OplogRoom> oplog_room(Project& project) {
  if (!project.client.server().has_transactions()) return std::nullopt;
  mongo::Collection oplog(project.client, "local", "oplog.rs");
  auto stats = project.client.run("local", make_document("collStats", oplog.name()));
  auto oldest = oplog.find_one(mongo::View(), make_document("$natural", 1));
  auto newest = oplog.find_one(mongo::View(), make_document("$natural", -1));
  bool known = stats && oldest && *oldest && newest && *newest;
  if (!known) return std::nullopt;
  int64_t milliseconds = (**newest).view().get_int("wall") - (**oldest).view().get_int("wall");
  return OplogRoom{stats->view().get_int("maxSize"), static_cast<double>(milliseconds) / 1000};
}

}  // namespace whimbrel
