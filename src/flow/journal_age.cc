#include "flow/journal_age.h"

#include "state/journal.h"
#include "state/samples.h"

namespace whimbrel {

using mongo::Document;
using mongo::make_document;

Status remove_old_journals(Project& project) {
  mongo::Client& client = project.client;
  Document hello = TRY(client.run("admin", make_document("hello", 1)));
  int64_t limit = hello.view().get_int("localTime") - project.config.engine.journal_keep.count();
  Runs runs(client, project.database);
  for (const Run& run : TRY(runs.read())) {
    if (run.is_open() || run.updated_at > limit || run.journal_removed) continue;
    TRY(Journal(client, project.database).remove(run.id));
    TRY(Ranges(client, project.database).remove(run.id));
    TRY(Samples(client, project.database).remove(run.id));
    TRY(runs.mark_journal_removed(run.id));
  }
  return {};
}

}  // namespace whimbrel
