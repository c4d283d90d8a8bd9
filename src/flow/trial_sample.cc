#include "flow/trial_sample.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "flow/fingerprint.h"
#include "flow/scratch_copy.h"

namespace whimbrel {

using mongo::Document;
using mongo::make_document;
using mongo::Value;
using mongo::View;

namespace {

// A script may touch any collection; beyond so many, copying them all is no small thing.
constexpr size_t kMostCollections = 200;
const std::set<std::string, std::less<>> kWithinDatabase = {
    "aggregate",     "update",        "delete",        "insert",
    "findAndModify", "findandmodify", "createIndexes", "dropIndexes",
    "collMod",       "create",        "drop",          "convertToCapped",
    "find",          "count",         "distinct",      "cloneCollectionAsCapped"};

std::string target_of(const Step& step) {
  auto* copy = std::get_if<CopyStep>(&step.body);
  auto* rename = std::get_if<RenameCollectionStep>(&step.body);
  return copy ? copy->to : rename ? rename->to : "";
}

std::string command_collection(const CommandStep& step) {
  auto elements = step.command.view().elements();
  return elements.empty() ? "" : std::string(elements.front().as_string());
}

/// What `step` reads: its own collection, or that of its command.
std::string source_of(const Step& step) {
  auto* command = std::get_if<CommandStep>(&step.body);
  return command ? command_collection(*command) : step.collection();
}

/// `db` inside of $out or $merge: the only way out of the database that an aggregation has.
bool writes_elsewhere(View document) {
  for (const Value& field : document.elements()) {
    if (!field.is_document()) continue;
    View inner = field.as_document();
    bool stage = field.key() == "$out" || field.key() == "$merge";
    if (stage && (inner.find("db") || inner.get_document("into").find("db"))) return true;
    if (writes_elsewhere(inner)) return true;
  }
  return false;
}

bool stays_within(const Step& step) {
  auto* command = std::get_if<CommandStep>(&step.body);
  if (!command) return true;
  auto elements = command->command.view().elements();
  return !elements.empty() && kWithinDatabase.contains(elements.front().key()) &&
         !writes_elsewhere(command->command);
}

/// Copies for one migration after the other, each collection's definition once.
class SampleCopy {
 public:
  SampleCopy(Project& real, Project& scratch, const TrialOptions& options)
      : real_(real), scratch_(scratch), options_(options) {}

  Status of_step(const Step& step) {
    if (std::string target = target_of(step); !target.empty()) TRY(define(target));
    std::string source = source_of(step);
    if (source.empty()) return {};
    return documents(source, step.where());
  }
  Status of_everything(std::vector<std::string>& notes) {
    auto names = TRY(user_collections(real_));
    if (names.size() > kMostCollections) {
      notes.push_back(fmt::format("only the first {} of {} collections were copied",
                                  kMostCollections, names.size()));
      names.resize(kMostCollections);
    }
    for (const std::string& name : names) TRY(documents(name, {}));
    return {};
  }

 private:
  Status define(const std::string& name) {
    return defined_.insert(name).second ? copy_definition(real_, scratch_, name) : Status();
  }
  Status documents(const std::string& name, const Document& where) {
    TRY(define(name));
    CopyRequest request{name, where, Choice::kVaried, options_.docs};
    if (options_.phase == Phase::kRehearse) request.choice = Choice::kSpread;
    if (options_.whole) request.choice = Choice::kWhole;
    bool whole_again = options_.whole && !whole_.insert(name).second;
    return whole_again ? Status() : copy_documents(real_, scratch_, request);
  }

  Project& real_;
  Project& scratch_;
  const TrialOptions& options_;
  std::set<std::string> defined_, whole_;
};

/// Where `collection` is after all steps.
std::string final_name(const Migration& migration, std::string collection) {
  for (const Step& step : migration.steps) {
    auto* rename = std::get_if<RenameCollectionStep>(&step.body);
    if (rename && rename->collection == collection) collection = rename->to;
  }
  return collection;
}

Result<std::optional<Document>> find_by_id(Project& scratch, const std::string& collection,
                                           const mongo::OwnedValue& id) {
  return mongo::Collection(scratch.client, scratch.database, collection)
      .find_one(make_document("_id", id.value()));
}

}  // namespace

bool has_script(const Migration& migration) {
  return std::any_of(migration.steps.begin(), migration.steps.end(), [](const Step& step) {
    return std::holds_alternative<ScriptStep>(step.body);
  });
}

Status copy_sample(Project& real, Project& scratch, const std::vector<Migration>& migrations,
                   const TrialOptions& options, std::vector<std::string>& notes) {
  SampleCopy copy(real, scratch, options);
  for (const Migration& migration : migrations) {
    if (has_script(migration)) TRY(copy.of_everything(notes));
    for (const Step& step : migration.steps) TRY(copy.of_step(step));
  }
  return {};
}

Result<std::vector<TrialSample>> samples_before(Project& scratch, const Migration& migration,
                                                int each) {
  std::set<std::string> names;
  for (const Step& step : migration.steps) names.insert(source_of(step));
  if (has_script(migration)) {
    for (std::string& name : TRY(user_collections(scratch))) names.insert(std::move(name));
  }
  names.erase("");
  std::vector<TrialSample> samples;
  for (const std::string& name : names) {
    Document find = make_document("find", name, "sort", make_document("_id", 1), "limit", each);
    for (Document& document : TRY(mongo::read_all(scratch.client, scratch.database, find))) {
      mongo::OwnedValue id(*document.view().find("_id"));
      samples.push_back({name, std::move(id), std::move(document), {}});
    }
  }
  return samples;
}

Status samples_after(Project& scratch, const Migration& migration,
                     std::vector<TrialSample>& samples) {
  std::vector<TrialSample> made;
  for (TrialSample& sample : samples) {
    sample.after = TRY(find_by_id(scratch, final_name(migration, sample.collection), sample.id));
    for (const Step& step : migration.steps) {
      auto* copy = std::get_if<CopyStep>(&step.body);
      if (!copy || copy->collection != sample.collection) continue;
      auto there = TRY(find_by_id(scratch, copy->to, sample.id));
      if (there) made.push_back({copy->to, sample.id, {}, std::move(there)});
    }
  }
  for (TrialSample& sample : made) samples.push_back(std::move(sample));
  return {};
}

Migration triable(const Migration& migration, bool whole, std::vector<std::string>& notes) {
  Migration tried = migration;
  std::erase_if(tried.steps, [&](const Step& step) {
    if (stays_within(step)) return false;
    notes.push_back(fmt::format(
        "line {}: the command was left out: it may reach beyond the scratch database", step.line));
    return true;
  });
  for (Step& step : tried.steps) {
    std::erase_if(step.checks, [&](const Check& check) {
      bool counts = check.kind == Check::Kind::kCount && !whole;
      if (counts) notes.push_back("not checked, it counts the whole collection: " + check.text);
      return counts;
    });
  }
  return tried;
}

}  // namespace whimbrel
