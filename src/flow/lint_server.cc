#include "flow/lint_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.h"
#include "flow/lint_update.h"
#include "mongo/collection.h"

namespace whimbrel {
namespace {

using mongo::Document;
using mongo::make_document;
using mongo::Value;
using mongo::View;

constexpr int64_t kWorthAnIndex = 10'000;
constexpr int64_t kLargeBuild = 1'000'000;
constexpr size_t kSuggestedFields = 3;

bool reads_everything(View plan) {
  for (const Value& part : plan.elements()) {
    if (part.key() == "stage" && part.as_string() == "COLLSCAN") return true;
    if (part.is_document() && reads_everything(part.as_document())) return true;
  }
  return false;
}

/// `{ a: 1, b: 1 }` of the fields that the filter looks at, as a YAML step has it.
std::string suggested_key(View where) {
  std::vector<std::string> parts;
  for (const std::string& field : filter_fields(where)) {
    std::string part = field.find_first_of(" :{}[],'\"#") == field.npos
                           ? field + ": 1"
                           : fmt::format("\"{}\": 1", field);
    bool known = std::find(parts.begin(), parts.end(), part) != parts.end();
    if (!known && parts.size() < kSuggestedFields) parts.push_back(part);
  }
  return "{ " + join(parts, ", ") + " }";
}

/// Asks about the files of one project, and counts each collection once.
class ServerQuestions {
 public:
  explicit ServerQuestions(Project& project) : project_(project) {}

  void ask(LintedFile& file) {
    for (const IndexBuild& build : file.index_builds) note_refusal(file, ask_size(file, build));
    for (const AskedFilter& filter : file.filters) note_refusal(file, ask_plan(file, filter));
  }

 private:
  static void note_refusal(LintedFile& file, const Status& asked) {
    if (asked) return;
    file.notes.push_back("the server refused to say it, so W005 or W006 was not asked: " +
                         asked.error().message);
  }

  Result<int64_t> documents(const std::string& collection) {
    auto known = documents_.find(collection);
    if (known != documents_.end()) return known->second;
    mongo::Collection counted(project_.client, project_.database, collection);
    int64_t count = TRY(counted.estimated_count());
    documents_[collection] = count;
    return count;
  }

  Status ask_size(LintedFile& file, const IndexBuild& build) {
    int64_t count = TRY(documents(build.collection));
    if (count <= kLargeBuild) return {};
    file.add(kLargeIndexBuild, build.place,
             fmt::format("an index of {}, which has {} documents: the build reads all of them, and "
                         "every voting member must finish it",
                         build.collection, with_commas(count)),
             "build it in a quiet hour, and say so in the file: whimbrel: allow W006 REASON");
    return {};
  }

  Status ask_plan(LintedFile& file, const AskedFilter& filter) {
    int64_t count = TRY(documents(filter.collection));
    if (count <= kWorthAnIndex) return {};
    Document find = make_document("find", filter.collection, "filter", filter.where);
    Document explain = make_document("explain", find, "verbosity", "queryPlanner");
    Document reply = TRY(project_.client.run(project_.database, explain));
    if (!reads_everything(reply.view().get_document("queryPlanner").get_document("winningPlan")))
      return {};
    file.add(kNoIndex, filter.place,
             fmt::format("no index serves this `where`: plan, rehearse and verify each read all {} "
                         "documents of {} for it",
                         with_commas(count), filter.collection),
             fmt::format("put a step before it: createIndexes: {}, indexes: [ {{ key: {} }} ]",
                         filter.collection, suggested_key(filter.where)));
    return {};
  }

  Project& project_;
  std::map<std::string, int64_t> documents_;
};

}  // namespace

void ask_server(Project& project, std::vector<LintedFile>& files) {
  ServerQuestions questions(project);
  for (LintedFile& file : files) {
    if (file.asked) questions.ask(file);
  }
}

}  // namespace whimbrel
