#include "state/samples.h"

#include "state/version.h"

namespace whimbrel {

using mongo::Document;
using mongo::make_document;

namespace {

// The optional fields, by the names that they have in the database.
struct Measure {
  const char* name;
  std::optional<double> Sample::*value;
};
constexpr Measure kMeasures[] = {{"writeMs", &Sample::write_ms},
                                 {"lagSeconds", &Sample::lag_seconds},
                                 {"cacheUsedShare", &Sample::cache_used_share},
                                 {"cacheDirtyShare", &Sample::cache_dirty_share},
                                 {"ticketsOutShare", &Sample::tickets_out_share},
                                 {"opsPerSecond", &Sample::ops_per_second},
                                 {"slowestSeconds", &Sample::slowest_seconds}};
struct Number {
  const char* name;
  std::optional<int64_t> Sample::*value;
};
constexpr Number kNumbers[] = {{"connections", &Sample::connections},
                               {"queue", &Sample::queue},
                               {"residentBytes", &Sample::resident_bytes},
                               {"slowOperations", &Sample::slow_operations}};

Result<Sample> read_sample(mongo::View document) {
  TRY(check_version(document, kSamplesCollection));
  Sample sample;
  sample.step = static_cast<int>(TRY(needed(document, "_id.step", kSamplesCollection)).as_int());
  sample.at = TRY(needed(document, "_id.at", kSamplesCollection)).as_int();
  sample.scanned = document.get_int("scanned");
  sample.modified = document.get_int("modified");
  sample.quarantined = document.get_int("quarantined");
  sample.conflicts = document.get_int("conflicts");
  sample.lanes = static_cast<int>(document.get_int("lanes"));
  sample.batch_ms = document.get_int("batchMs");
  sample.slowest = document.get_string("slowest");
  for (const Measure& field : kMeasures) {
    if (auto value = document.find(field.name)) sample.*field.value = value->as_double();
  }
  for (const Number& field : kNumbers) {
    if (auto value = document.find(field.name)) sample.*field.value = value->as_int();
  }
  return sample;
}

}  // namespace

Status Samples::add(const StepKey& key, const Sample& sample) const {
  Document id = step_id(key);
  id.append_date("at", sample.at);
  Document fields = make_document("v", kStateVersion, "scanned", sample.scanned, "modified",
                                  sample.modified, "quarantined", sample.quarantined);
  fields.append("conflicts", sample.conflicts).append("lanes", sample.lanes);
  fields.append("batchMs", sample.batch_ms);
  if (!sample.slowest.empty()) fields.append("slowest", sample.slowest);
  for (const Measure& field : kMeasures) {
    if (sample.*field.value) fields.append(field.name, *(sample.*field.value));
  }
  for (const Number& field : kNumbers) {
    if (sample.*field.value) fields.append(field.name, *(sample.*field.value));
  }
  TRY(samples_.update_one(make_document("_id", id), make_document("$set", fields),
                          mongo::Upsert::kYes));
  return {};
}

Result<std::vector<Sample>> Samples::read(const std::string& run) const {
  std::vector<Sample> samples;
  for (const Document& document :
       TRY(samples_.find_all(run_filter(run), make_document("_id", 1)))) {
    samples.push_back(TRY(read_sample(document)));
  }
  return samples;
}

Status Samples::remove(const std::string& run) const {
  TRY(samples_.remove_many(run_filter(run)));
  return {};
}

}  // namespace whimbrel
