#include "state/version.h"

#include <fmt/format.h>

#include "state/ranges.h"

namespace whimbrel {

using mongo::make_document;

Status check_version(mongo::View document, std::string_view collection) {
  auto version = document.find("v");
  if (!version || !version->is_number() || version->as_double() <= kStateVersion) return {};
  return Error{ErrorKind::kFailed,
               fmt::format("a document in {} has format version {:.0f}, written by a newer "
                           "whimbrel; this one reads up to {}",
                           collection, version->as_double(), kStateVersion),
               "upgrade whimbrel on this machine, then: whimbrel status"};
}

Result<mongo::Value> needed(mongo::View document, std::string_view path,
                            std::string_view collection) {
  if (auto value = document.at_path(path)) return *value;
  return Error{ErrorKind::kFailed, fmt::format("a document in {} has no '{}'", collection, path),
               "restore it from a backup, then: whimbrel status"};
}

Status check_versions_of_run(mongo::Client& client, std::string_view database,
                             const std::string& run) {
  for (const char* name : {kRangesCollection, kErrorsCollection}) {
    mongo::Document newer = run_filter(run);
    newer.append("v", make_document("$gt", kStateVersion));
    auto found = TRY(mongo::Collection(client, database, name).find_one(newer));
    if (found) TRY(check_version(*found, name));
  }
  mongo::Collection journal(client, database, kJournalCollection);
  auto last = TRY(journal.find_one(run_filter(run), make_document("_id", -1)));
  return last ? check_version(*last, kJournalCollection) : Status();
}

}  // namespace whimbrel
