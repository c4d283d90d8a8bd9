#include "flow/plan_bond.h"

#include <fmt/format.h>

#include "base/text.h"
#include "migration/source_text.h"

namespace whimbrel {

using mongo::Document;
using mongo::make_document;
using mongo::View;

namespace {

constexpr const char* kAgain = "plan it again: whimbrel plan --out FILE";

Document server_of(const Project& project) {
  const mongo::Server& server = project.client.server();
  return make_document("version", server.version, "topology", server.topology_text());
}

Document engine_of(const EngineConfig& engine) {
  Document document =
      make_document("workers", engine.workers, "batchDocs", engine.batch_docs, "batchBytes",
                    engine.batch_bytes, "batchMs", int64_t{engine.batch_time.count()});
  document.append("maxErrors", engine.max_errors);
  document.append("maxErrorsShare", engine.max_errors_share);
  return document.append("journal", engine.journal);
}

/// By file name, so that what changed can be named.
Document migrations_of(const std::vector<Todo>& todo) {
  Document migrations;
  for (const Todo& item : todo) {
    Document one = make_document("sha256", item.migration.hash);
    if (item.open) one.append("run", item.open->id);
    migrations.append(item.migration.file, one);
  }
  return migrations;
}

std::string shown(const std::optional<mongo::Value>& value) {
  return value ? value->to_relaxed_json() : "nothing";
}

/// Dotted names of what differs, with both values.
void add_differences(const std::string& path, View planned, View now,
                     std::vector<std::string>& lines) {
  auto compare = [&](std::string_view key) {
    auto before = planned.find(key), after = now.find(key);
    if (before && after && before->same_bytes(*after)) return;
    std::string name = path.empty() ? std::string(key) : fmt::format("{} {}", path, key);
    if (before && after && before->is_document() && after->is_document()) {
      return add_differences(name, before->as_document(), after->as_document(), lines);
    }
    lines.push_back(fmt::format("{} was {} and is {}", name, shown(before), shown(after)));
  };
  for (const mongo::Value& value : planned.elements()) compare(value.key());
  for (const mongo::Value& value : now.elements()) {
    if (!planned.find(value.key())) compare(value.key());
  }
}

std::optional<int> small_number(View options, const char* key) {
  auto value = options.find(key);
  return value ? std::optional(static_cast<int>(value->as_int())) : std::nullopt;
}

EngineOverrides overrides_in(View options) {
  EngineOverrides overrides;
  overrides.workers = small_number(options, "workers");
  if (options.get_string("workers") == "auto") overrides.workers = 0;
  overrides.batch_docs = small_number(options, "batchDocs");
  if (auto most = options.find("maxErrors")) overrides.max_errors = most->as_int();
  if (auto share = options.find("maxErrorsShare")) overrides.max_errors_share = share->as_double();
  return overrides;
}

}  // namespace

Document plan_bond(const Project& project, const Selection& selection,
                   const EngineOverrides& overrides, const std::vector<Todo>& todo) {
  Document bond = make_document("server", server_of(project), "database", project.database,
                                "environment", project.config.environment);
  bond.append("given", given_options(selection, overrides));
  bond.append("engine", engine_of(project.config.engine));
  return bond.append("migrations", migrations_of(todo));
}

Result<SavedPlan> read_saved_plan(const std::string& path) {
  std::string text = TRY(migration::read_source(path, ErrorKind::kBadMigration, "a plan", kAgain));
  auto file = Document::from_json(text);
  auto bond = file ? file->view().find("bond") : std::nullopt;
  if (!file || file->view().get_string("type") != "plan" || !bond || !bond->is_document()) {
    return Error{ErrorKind::kBadMigration, path + " is no plan that `plan --out` wrote", kAgain};
  }
  View options = bond->as_document().get_document("given");
  return SavedPlan{Document(bond->as_document()),
                   {options.get_string("to"), options.get_string("only")},
                   overrides_in(options)};
}

Status check_bond(View planned, View now) {
  std::vector<std::string> lines;
  add_differences("", planned, now, lines);
  if (lines.empty()) return {};
  return Error{ErrorKind::kFailed, "the plan does not hold any more:\n  " + join(lines, "\n  "),
               kAgain};
}

}  // namespace whimbrel
