#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/json_rows.h"
#include "cli/whole_file.h"
#include "flow/evidence.h"

namespace whimbrel {
namespace {

using Json = nlohmann::ordered_json;

/// `list NAME`, `export NAME`, `import FILE`; a bare NAME is listed.
struct Request {
  std::string action = "list";
  std::string word;
};

Result<Request> request_of(const Arguments& arguments) {
  const auto& words = arguments.words;
  Request request;
  bool action =
      !words.empty() && (words[0] == "list" || words[0] == "export" || words[0] == "import");
  if (action) request.action = words[0];
  size_t at = action ? 1 : 0;
  if (words.size() > at) request.word = words[at++];
  if (words.size() > at) {
    return Error{ErrorKind::kUsage, fmt::format("evidence takes no argument '{}'", words[at]),
                 "whimbrel help evidence"};
  }
  if (request.action == "import" && request.word.empty()) {
    return Error{ErrorKind::kUsage, "evidence import needs the file that was exported",
                 "whimbrel evidence import FILE"};
  }
  return request;
}

Json row_of(const EvidenceRecord& record) {
  return {{"at", iso_time(record.at)},
          {"who", who_json(record.who)},
          {"kind", record.kind},
          {"item", text_or_null(record.item)},
          {"migration", record.migration},
          {"sha256", record.hash},
          {"environment", text_or_null(record.environment)},
          {"database", record.database},
          {"server", record.server},
          {"whimbrel", text_or_null(record.program)},
          {"passed", record.passed},
          {"exit", record.exit},
          {"figures", Json::parse(record.figures.view().to_relaxed_json())},
          {"note", text_or_null(record.note)},
          {"imported", record.imported}};
}

/// Whether each record is about the file as it is now.
class CurrentFiles {
 public:
  static Result<CurrentFiles> read(Project& project) {
    CurrentFiles current;
    for (const Entry& entry : TRY(read_history(project)).entries) {
      if (entry.file) current.hashes_.push_back(entry.file->hash);
    }
    return current;
  }
  bool has(const EvidenceRecord& record) const {
    return std::find(hashes_.begin(), hashes_.end(), record.hash) != hashes_.end();
  }

 private:
  std::vector<std::string> hashes_;
};

void print_record(const EvidenceRecord& record, bool current) {
  std::string environment =
      record.environment.empty() ? "" : fmt::format(" ({})", record.environment);
  std::string remarks;
  if (record.imported) remarks += ", imported";
  if (!current) remarks += ", of another version of the file";
  fmt::print("{}  {:<9}  {:<6}  {}  in {}{}, by {}@{}{}\n", iso_time(record.at), record.subject(),
             record.passed ? "passed" : "FAILED", record.migration, record.database, environment,
             record.who.user, record.who.host, remarks);
  if (!record.note.empty()) fmt::print("    {}\n", record.note);
}

Result<int> list(Project& project, const std::string& name, Output output) {
  auto records = TRY(read_evidence(project, name));
  if (output != Output::kText) {
    JsonRows rows(output, project.database, "evidence", "records");
    for (const EvidenceRecord& record : records) rows.add(row_of(record));
    return 0;
  }
  auto current = TRY(CurrentFiles::read(project));
  for (const EvidenceRecord& record : records) print_record(record, current.has(record));
  if (records.empty()) fmt::print("no evidence is kept here; whimbrel test finds some\n");
  return 0;
}

Result<int> export_to(const std::string& path, const std::string& text) {
  TRY(write_whole_file(path.empty() ? "-" : path, "name another file: --out FILE",
                       [&](std::ostream& file) -> Status {
                         file << text;
                         return {};
                       }));
  return 0;
}

Result<int> import_from(Project& project, const std::string& path, Output output) {
  ImportedEvidence imported = TRY(import_evidence(project, path));
  if (output == Output::kText) {
    fmt::print("{} records added, {} were here already\n", imported.added, imported.known);
  } else {
    Json json{{"schema", 1},
              {"type", "evidence.import"},
              {"added", imported.added},
              {"known", imported.known}};
    fmt::print("{}\n", JsonRows::text(json));
  }
  return 0;
}

}  // namespace

Result<int> run_evidence(const Arguments& arguments) {
  Request request = TRY(request_of(arguments));
  Project project = TRY(open_project(arguments.sources));
  project.scripts->end_host();
  if (request.action == "import") return import_from(project, request.word, arguments.output);
  if (request.action == "list") return list(project, request.word, arguments.output);
  std::string exported = TRY(export_evidence(project, request.word));
  return export_to(arguments.out_file, exported);
}

}  // namespace whimbrel
