#include "state/runs.h"

#include <algorithm>

namespace whimbrel {

using mongo::Document;
using mongo::make_document;
using mongo::Value;
using mongo::View;

namespace {

constexpr std::array<std::string_view, 6> kRunStates = {"running", "interrupted", "failed",
                                                        "done",    "undoing",     "undone"};
constexpr std::array<std::string_view, 4> kStepStates = {"pending", "running", "done", "undone"};

template <class Enum, size_t N>
Enum from_text(std::string_view text, const std::array<std::string_view, N>& names) {
  for (size_t i = 0; i < N; ++i) {
    if (names[i] == text) return static_cast<Enum>(i);
  }
  return static_cast<Enum>(0);
}

Document step_document(const StepState& step) {
  Document document = make_document("kind", step.kind, "collection", step.collection);
  document.append("state", kStepStates[static_cast<size_t>(step.progress)]);
  if (!step.strategy.empty()) document.append("strategy", step.strategy);
  if (step.first) document.append("first", step.first->value());
  if (step.last) document.append("last", step.last->value());
  document.append("total", step.total).append("counts", step.counts.to_document());
  if (step.residual) document.append("residual", *step.residual);
  if (step.busy_seconds > 0) document.append("busySeconds", step.busy_seconds);
  document.append("undo", step.undo);
  return document;
}

std::vector<Document> step_documents(const Run& run) {
  std::vector<Document> steps;
  for (const StepState& step : run.steps) steps.push_back(step_document(step));
  return steps;
}

StepState read_step(View document) {
  StepState step;
  step.progress = from_text<StepState::Progress>(document.get_string("state"), kStepStates);
  step.kind = document.get_string("kind");
  step.collection = document.get_string("collection");
  step.strategy = document.get_string("strategy");
  if (auto first = document.find("first")) step.first.emplace(*first);
  if (auto last = document.find("last")) step.last.emplace(*last);
  step.total = document.get_int("total");
  step.counts = Counts::from(document.get_document("counts"));
  if (auto residual = document.find("residual")) step.residual = residual->as_int();
  if (auto busy = document.find("busySeconds")) step.busy_seconds = busy->as_double();
  step.undo = Document(document.get_document("undo"));
  return step;
}

Document owner_document(const ProcessIdentity& process) {
  return make_document("host", process.host, "user", process.user, "pid", process.pid);
}

Document state_fields(const Run& run) {
  // With `v`, which grows with whoever writes for the run last: an older whimbrel sees it here.
  return make_document("v", kStateVersion, "state", to_text(run.state), "epoch", run.epoch, "owner",
                       owner_document(run.process), "seconds", run.seconds, "logFile", run.log_file,
                       "message", run.message, "sha256", run.hash, "whole", false);
}

Document now() {
  return make_document("updatedAt", true);
}

}  // namespace

Result<Run> read_run(View document) {
  TRY(check_version(document, kRunsCollection));
  Run run;
  run.id = TRY(needed(document, "_id", kRunsCollection)).as_object_id();
  run.file = document.get_string("migration");
  run.hash = document.get_string("sha256");
  run.state = from_text<RunState>(document.get_string("state"), kRunStates);
  run.epoch = document.get_int("epoch");
  View owner = document.get_document("owner");
  run.process.host = owner.get_string("host");
  run.process.user = owner.get_string("user");
  run.process.pid = owner.get_int("pid");
  run.started_at = document.get_int("startedAt");
  run.updated_at = document.get_int("updatedAt");
  if (auto seconds = document.find("seconds")) run.seconds = seconds->as_double();
  if (auto block = document.find("block")) run.block = block->as_double();
  run.log_file = document.get_string("logFile");
  run.message = document.get_string("message");
  run.whole = document.get_bool("whole");
  run.journal_removed = document.get_bool("journalRemoved");
  if (document.find("control")) run.control = Control::from(document.get_document("control"));
  if (document.find("steered")) run.steered = Steered::from(document.get_document("steered"));
  for (const Value& step : document.get_document("steps").elements()) {
    run.steps.push_back(read_step(step.as_document()));
  }
  return run;
}

Counts& Counts::operator+=(const Counts& other) {
  scanned += other.scanned;
  modified += other.modified;
  unchanged += other.unchanged;
  quarantined += other.quarantined;
  conflicts += other.conflicts;
  journal_bytes += other.journal_bytes;
  return *this;
}

Document Counts::to_document() const {
  return make_document("scanned", scanned, "modified", modified, "unchanged", unchanged,
                       "quarantined", quarantined, "conflicts", conflicts, "journalBytes",
                       journal_bytes);
}

Counts Counts::from(View document) {
  return {document.get_int("scanned"),   document.get_int("modified"),
          document.get_int("unchanged"), document.get_int("quarantined"),
          document.get_int("conflicts"), document.get_int("journalBytes")};
}

std::string_view to_text(RunState state) {
  return kRunStates[static_cast<size_t>(state)];
}

bool Run::is_open() const {
  return state != RunState::kDone && state != RunState::kUndone;
}

bool is_script_run(const Run& run) {
  return !run.steps.empty() && run.steps.front().kind == "script";
}

Counts Run::counts() const {
  Counts sum;
  for (const StepState& step : steps) sum += step.counts;
  return sum;
}

int64_t Run::total() const {
  int64_t sum = 0;
  for (const StepState& step : steps) sum += std::max(step.total, step.counts.scanned);
  return sum;
}

int64_t Run::residual() const {
  int64_t sum = 0;
  for (const StepState& step : steps) sum += step.residual.value_or(0);
  return sum;
}

Error taken_over() {
  return Error{ErrorKind::kLockHeld, "the lock was lost: another process took this run over",
               "whimbrel status"};
}

Result<std::vector<Run>> Runs::read() const {
  std::vector<Run> runs;
  Document is_run = make_document("migration", make_document("$exists", true));
  for (const Document& document : TRY(runs_.find_all(is_run, make_document("startedAt", 1)))) {
    runs.push_back(TRY(read_run(document)));
  }
  return runs;
}

Result<std::optional<Run>> Runs::read_one(const std::string& id) const {
  auto document = TRY(runs_.find_one(mongo::only_id(id)));
  if (!document) return std::optional<Run>();
  return std::optional<Run>(TRY(read_run(*document)));
}

Result<std::vector<Run>> Runs::at_work(std::optional<int64_t> epoch) const {
  mongo::Array states;
  states.add(to_text(RunState::kRunning)).add(to_text(RunState::kUndoing));
  Document filter;
  if (epoch) filter.append("epoch", *epoch);
  filter.append("state", Document().append_array("$in", states.view()));
  std::vector<Run> runs;
  for (const Document& document : TRY(runs_.find_all(filter))) {
    runs.push_back(TRY(read_run(document)));
  }
  return runs;
}

Status Runs::start(const Run& run) const {
  Document fields = make_document("migration", run.file, "block", run.block);
  fields.append_all(state_fields(run)).append_array("steps", step_documents(run));
  Document update = make_document("$setOnInsert", fields, "$currentDate",
                                  make_document("startedAt", true, "updatedAt", true));
  TRY(runs_.update_one(mongo::only_id(run.id), update, mongo::Upsert::kYes));
  return {};
}

Status Runs::save_state(const Run& run, mongo::Session* session) const {
  Document update = make_document("$set", state_fields(run), "$currentDate", now());
  TRY(runs_.update_one(mongo::only_id(run.id), update, mongo::Upsert::kNo, session));
  return {};
}

Status Runs::save_step(const Run& run, size_t step, mongo::Session* session) const {
  Document field = make_document("steps." + std::to_string(step), step_document(run.steps[step]));
  Document update = make_document("$set", field, "$currentDate", now());
  TRY(runs_.update_one(mongo::only_id(run.id), update, mongo::Upsert::kNo, session));
  return {};
}

Status Runs::save_steps(const Run& run, mongo::Session* session) const {
  Document fields;
  fields.append_array("steps", step_documents(run));
  Document update = make_document("$set", fields, "$currentDate", now());
  TRY(runs_.update_one(mongo::only_id(run.id), update, mongo::Upsert::kNo, session));
  return {};
}

Status Runs::take_up(const Run& run, const Run& as_read) const {
  mongo::Array expected;
  expected.add(make_document("epoch", as_read.epoch, "state", to_text(as_read.state)));
  expected.add(make_document("epoch", run.epoch));  // done already, and its answer was lost
  Document filter = mongo::only_id(run.id);
  filter.append_array("$or", expected.view());
  Document update = make_document("$set", state_fields(run), "$currentDate", now());
  auto outcome = TRY(runs_.update_one(filter, update));
  if (outcome.matched == 1) return {};
  return taken_over();
}

Status Runs::assert_epoch(const std::string& id, int64_t epoch, mongo::Session* session) const {
  Document filter = mongo::only_id(id);
  filter.append("epoch", epoch);
  Document touch = make_document("$inc", make_document("carved", 1));
  auto outcome = TRY(runs_.update_one(filter, touch, mongo::Upsert::kNo, session));
  if (outcome.matched == 1) return {};
  return taken_over();
}

Status Runs::mark_whole(const std::string& id) const {
  TRY(runs_.update_one(mongo::only_id(id), make_document("$set", make_document("whole", true))));
  return {};
}

Status Runs::mark_journal_removed(const std::string& id) const {
  Document set = make_document("$set", make_document("journalRemoved", true));
  TRY(runs_.update_one(mongo::only_id(id), set));
  return {};
}

}  // namespace whimbrel
