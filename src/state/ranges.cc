#include "state/ranges.h"

namespace whimbrel {

using mongo::Document;
using mongo::make_document;
using mongo::View;

namespace {

Document range_id(const StepKey& key, int number) {
  Document id = step_id(key);
  id.append("range", number);
  return make_document("_id", id);
}

Document counted(const Counts& counts) {
  Document increments;
  Document fields = counts.to_document();
  for (const mongo::Value& field : fields.view().elements()) {
    increments.append("counts." + std::string(field.key()), field);
  }
  return increments;
}

}  // namespace

Result<Range> read_range(View document) {
  TRY(check_version(document, kRangesCollection));
  Range range;
  range.number = static_cast<int>(TRY(needed(document, "_id.range", kRangesCollection)).as_int());
  range.lo = mongo::OwnedValue(TRY(needed(document, "lo", kRangesCollection)));
  range.lo_included = document.get_bool("loIncluded");
  range.hi = mongo::OwnedValue(TRY(needed(document, "hi", kRangesCollection)));
  range.keys = document.get_int("keys");
  if (auto last = document.find("last")) range.last.emplace(*last);
  range.batch = static_cast<int>(document.get_int("batch"));
  range.epoch = document.get_int("epoch");
  range.done = document.get_bool("done");
  range.retry = document.get_bool("retry");
  if (auto slice = document.find("slice")) range.slice = static_cast<int>(slice->as_int());
  range.ids = Document(document.get_document("ids"));
  range.counts = Counts::from(document.get_document("counts"));
  return range;
}

Document step_id(const StepKey& key) {
  Document id;
  id.append_object_id("run", key.run).append("step", key.step);
  return id;
}

Document step_filter(const StepKey& key) {
  Document bounds = make_document("$gte", step_id(key), "$lt", step_id({key.run, key.step + 1}));
  return make_document("_id", bounds);
}

Document run_filter(const std::string& run) {
  Document low = step_id({run, 0});
  Document high;
  high.append_object_id("run", run).append_max_key("step");
  return make_document("_id", make_document("$gte", low, "$lte", high));
}

Range advanced(Range range, const Checkpoint& checkpoint) {
  range.last = checkpoint.upto;
  range.batch += 1;
  range.done = checkpoint.ends_range;
  range.counts += checkpoint.counts;
  return range;
}

Result<std::vector<Range>> Ranges::read(const StepKey& key) const {
  std::vector<Range> ranges;
  for (const Document& document :
       TRY(ranges_.find_all(step_filter(key), make_document("_id", 1)))) {
    ranges.push_back(TRY(read_range(document)));
  }
  return ranges;
}

Result<Range> Ranges::read_one(const StepKey& key, const Range& range) const {
  auto document = TRY(ranges_.find_one(range_id(key, range.number)));
  if (document) return read_range(*document);
  mongo::Collection runs(ranges_.client(), ranges_.database(), kRunsCollection);
  Document our_run;
  our_run.append_object_id("_id", key.run).append("epoch", range.epoch);
  if (!TRY(runs.find_one(our_run))) return taken_over();
  return Error{ErrorKind::kFailed, "a range document disappeared from " + ranges_.name(),
               "restore it, or undo the run: whimbrel down"};
}

Status Ranges::add(const StepKey& key, const Range& range, mongo::Session* session) const {
  Document fields = make_document("v", kStateVersion, "lo", range.lo.value(), "loIncluded",
                                  range.lo_included, "hi", range.hi.value(), "keys", range.keys);
  fields.append("batch", range.batch).append("epoch", range.epoch).append("done", range.done);
  fields.append("counts", range.counts.to_document());
  if (range.retry) fields.append("retry", true);
  if (range.slice) fields.append("slice", *range.slice).append_array("ids", range.ids);
  TRY(ranges_.update_one(range_id(key, range.number), make_document("$setOnInsert", fields),
                         mongo::Upsert::kYes, session));
  return {};
}

Status Ranges::fence(const std::string& run, int64_t epoch) const {
  TRY(ranges_.update_many(run_filter(run), make_document("$set", make_document("epoch", epoch))));
  return {};
}

Status Ranges::save(const StepKey& key, const Range& range, const Checkpoint& checkpoint,
                    mongo::Durability durability, mongo::Session* session) const {
  Document filter = range_id(key, range.number);
  filter.append("epoch", range.epoch).append("batch", range.batch);
  Document set = make_document("last", checkpoint.upto.value(), "batch", range.batch + 1, "done",
                               checkpoint.ends_range);
  Document update = make_document("$set", set, "$inc", counted(checkpoint.counts));
  if (range.slice && checkpoint.ends_range) update.append("$unset", make_document("ids", true));
  Document statement = make_document("q", filter, "u", update);
  auto outcome = TRY(ranges_.write("update", "updates", mongo::Array().add(statement), View(),
                                   durability, session));
  TRY(outcome.all_accepted());
  if (outcome.matched == 1) return {};
  Error error = taken_over();
  error.message += "; nothing was written after that";
  if (TRY(read_one(key, range)).epoch == range.epoch) error.retry = Retry::kTransient;
  return error;
}

Status Ranges::assert_owned(const StepKey& key, const Range& range) const {
  if (TRY(read_one(key, range)).epoch == range.epoch) return {};
  return taken_over();
}

Status Ranges::assert_epoch(const StepKey& key, int number, int64_t epoch,
                            mongo::Session& session) const {
  Document filter = range_id(key, number);
  filter.append("epoch", epoch);
  Document touch = make_document("$inc", make_document("undone", 1));
  auto outcome = TRY(ranges_.update_one(filter, touch, mongo::Upsert::kNo, &session));
  if (outcome.matched == 1) return {};
  return taken_over();
}

Status Ranges::remove(const std::string& run) const {
  TRY(ranges_.remove_many(run_filter(run)));
  return {};
}

}  // namespace whimbrel
