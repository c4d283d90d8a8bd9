#include "state/samples.h"

#include "state/version.h"

namespace whimbrel {

using mongo::Document;
using mongo::make_document;

namespace {

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
  if (auto lag = document.find("lagSeconds")) sample.lag_seconds = lag->as_double();
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
  if (sample.lag_seconds) fields.append("lagSeconds", *sample.lag_seconds);
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
