#include "state/who.h"

namespace whimbrel {

using mongo::Document;
using mongo::make_document;

Document who_document(const ProcessIdentity& process) {
  return make_document("user", process.user, "host", process.host, "pid", process.pid);
}

ProcessIdentity read_who(mongo::View document) {
  mongo::View who = document.get_document("who");
  ProcessIdentity process;
  process.user = who.get_string("user");
  process.host = who.get_string("host");
  process.pid = who.get_int("pid");
  return process;
}

Status add_dated(const mongo::Collection& collection, const std::string& id, mongo::View fields,
                 mongo::Session* session) {
  // An insert would carry this host's time; an update that inserts takes the server's.
  Document update =
      make_document("$setOnInsert", fields, "$currentDate", make_document("at", true));
  TRY(collection.update_one(mongo::only_id(id), update, mongo::Upsert::kYes, session));
  return {};
}

}  // namespace whimbrel
