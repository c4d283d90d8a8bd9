#include <fmt/format.h>

#include <algorithm>

#include "flow/lint_file.h"
#include "flow/lint_update.h"

namespace whimbrel {
namespace {

using node::DriverCall;
using node::ModuleText;
using node::ScriptText;

LintPlace at(const node::TextPlace& place) {
  return {place.line, place.column, place.statement};
}

std::string named(const DriverCall& call) {
  return call.collection.empty() ? "the collection" : call.collection;
}

void lint_update_call(LintedFile& linted, const ModuleText& module, const DriverCall& call) {
  UpdateText text{call.update, call.update_is_pipeline};
  if (call.update.view().empty()) return;
  if (call.within != "down" && !call.collection.empty())
    linted.writes.push_back({call.collection, written_fields(text), at(call.place)});
  if (module.transaction) return;  // an interrupted one has done nothing
  std::string why = unrepeatable(text);
  if (why.empty() || excludes_finished(call.filter, text)) return;
  linted.add(kNotRepeatable, at(call.place),
             fmt::format("{}, and the filter does not leave finished documents out: an interrupted "
                         "script runs again from its start, and changes them a second time",
                         why),
             "add a condition that the change makes false, as { migrated: { $ne: true } } with "
             "$set: { migrated: true }; or write a document migration: whimbrel create --document");
}

bool updates(const DriverCall& call) {
  return call.method == "updateOne" || call.method == "updateMany" ||
         call.method == "findOneAndUpdate" || call.method == "update";
}

void lint_filter(LintedFile& linted, const DriverCall& call) {
  bool deletes = call.method == "deleteMany" || call.method == "remove";
  bool many = deletes || call.method == "updateMany";
  if (!many || !call.filter.view().empty()) return;
  linted.add(kNoFilter, deletes ? Severity::kError : Severity::kWarning, at(call.place),
             fmt::format("{}() without a filter {} every document of {}{}", call.method,
                         deletes ? "deletes" : "changes", named(call),
                         deletes ? ", and nothing keeps them"
                                 : ", also those that are finished, in one command"),
             deletes
                 ? "give it a filter, or use a `delete` step of a YAML migration, whose journal "
                   "keeps the documents"
                 : "give it a filter that finished documents do not match, or use an `update` step "
                   "of a YAML migration");
}

std::set<std::string> created_by(const ScriptText& text) {
  std::set<std::string> created;
  for (const DriverCall& call : text.calls) {
    if (call.within == "down") continue;
    if (call.method == "createCollection") created.insert(call.collection);
    if (!call.to.empty()) created.insert(call.to);
  }
  return created;
}

void lint_drop(LintedFile& linted, const DriverCall& call, const std::set<std::string>& created) {
  bool database = call.method == "dropDatabase";
  bool drops = database || call.method == "drop" || call.method == "dropCollection";
  bool temporary = !database && created.contains(call.collection);
  if (!drops || temporary) return;
  linted.add(kDrop, at(call.place),
             fmt::format("{} is dropped, and nothing keeps its documents",
                         database ? "the whole database" : named(call)),
             drop_hint("//"));
}

void lint_calls(LintedFile& linted, const ScriptText& text) {
  std::set<std::string> created = created_by(text);
  for (const DriverCall& call : text.calls) {
    if (updates(call)) lint_update_call(linted, text.module, call);
    lint_filter(linted, call);
    lint_drop(linted, call, created);
    bool builds = call.method == "createIndex" || call.method == "createIndexes";
    bool known = !call.collection.empty() && !created.contains(call.collection);
    if (builds && known && call.within != "down")
      linted.index_builds.push_back({call.collection, at(call.place)});
  }
}

bool is_update(const node::ReturnedUpdate& returned) {
  if (returned.is_pipeline) return true;
  auto fields = returned.update.view().elements();
  return !fields.empty() && fields.front().key().starts_with("$") &&
         fields.front().key() != "$unknown";
}

void lint_transform(LintedFile& linted, const ModuleText& module) {
  for (const node::ReturnedUpdate& returned : module.returns) {
    UpdateText text{returned.update, returned.is_pipeline};
    if (!is_update(returned)) continue;
    if (!module.collection.empty())
      linted.writes.push_back({module.collection, written_fields(text), at(returned.place)});
    std::string why = unrepeatable(text);
    if (why.empty() || excludes_finished(module.where, text)) continue;
    linted.add(
        kNotRepeatable, Severity::kWarning, at(returned.place),
        fmt::format("{}, and `where` does not leave finished documents out; whimbrel applies "
                    "this once to each document, another run would not",
                    why),
        "add a condition that the change makes false, as where: { migrated: { $ne: true } } "
        "with $set: { migrated: true }");
  }
}

void lint_document_migration(LintedFile& linted, const ModuleText& module) {
  lint_transform(linted, module);
  if (module.journal_is_off && !module.revert) {
    linted.add(kNoWayBack, at(module.up_place),
               "with journal: false nothing keeps what the documents were, and there is no "
               "revert(doc, ctx): this cannot be undone",
               "leave `journal` on, or write a revert(doc, ctx)");
  }
  if (module.collection.empty() || node::has_unknown(module.where)) {
    linted.notes.push_back(
        "collection and where are not written out as literals: W005 was not asked");
  } else if (!module.where.view().empty()) {
    linted.filters.push_back({module.collection, module.where, at(module.where_place)});
  }
}

void lint_exports(LintedFile& linted, const ModuleText& module) {
  if (module.document) return lint_document_migration(linted, module);
  if (!module.up && !module.whole) {
    linted.notes.push_back("what it exports is not written out: W004 was not asked");
    return;
  }
  if (!module.up) return;
  constexpr const char* kWriteDown = "write a down(db, client), or make a backup before `up`";
  if (module.down_is_empty) {
    linted.add(kNoWayBack, at(module.down_place),
               "down() does nothing: `whimbrel down` would say that this is undone, and it is not",
               kWriteDown);
  } else if (module.whole && !module.down) {
    linted.add(kNoWayBack, at(module.up_place),
               "there is no down(): this cannot be undone, only a backup would bring back what was",
               kWriteDown);
  }
}

}  // namespace

void lint_script(LintedFile& linted, const ScriptText& text) {
  if (!text.unread.empty()) linted.notes.push_back(text.unread);
  if (!text.syntax_error.empty()) {
    linted.add(kSyntax, at(text.syntax_place), text.syntax_error,
               "mend it: `whimbrel up` would not start");
  }
  if (!text.unread.empty() || !text.syntax_error.empty()) return;
  lint_calls(linted, text);
  lint_exports(linted, text.module);
  for (const node::TextFinding& finding : text.findings) {
    if (finding.code == kServerScript) add_server_script(linted, at(finding.place));
    else linted.add(finding.code, at(finding.place), finding.message, finding.hint);
  }
  for (const node::TextComment& comment : text.comments) {
    auto found = read_suppression(comment.text);
    if (!found) continue;
    found->line = comment.line;
    found->end = comment.end;
    found->top = comment.top;
    found->alone = comment.alone;
    linted.suppressions.push_back(std::move(*found));
  }
}

}  // namespace whimbrel
