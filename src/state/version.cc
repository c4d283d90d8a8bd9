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
  for (const char* name : {kRangesCollection, kErrorsCollection, kJournalCollection}) {
    mongo::Document newer = run_filter(run);
    newer.append("v", make_document("$gt", kStateVersion));
    mongo::Document command = make_document("find", name, "filter", newer, "limit", 1);
    command.append("projection", make_document("v", 1));
    auto cursor = TRY(mongo::Cursor::open(client, database, command));
    if (auto found = TRY(cursor.next())) TRY(check_version(*found, name));
  }
  return {};
}

}  // namespace whimbrel
