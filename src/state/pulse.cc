#include "state/pulse.h"

#include "state/changelog.h"
#include "state/version.h"

namespace whimbrel {

using mongo::Document;
using mongo::make_document;

namespace {

Document pulse_filter() {
  return make_document("_id", make_document("pulse", true));
}

}  // namespace

Pulse::Pulse(mongo::Client& client, std::string_view database)
    : collection_(client, database, kRangesCollection) {}

Result<std::chrono::duration<double, std::milli>> Pulse::beat() const {
  Document update =
      make_document("$inc", make_document("beats", 1), "$set", make_document("v", kStateVersion));
  auto started = std::chrono::steady_clock::now();
  TRY(collection_.update_one(pulse_filter(), update, mongo::Upsert::kYes));
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started);
}

Status Pulse::remove() const {
  TRY(collection_.remove_one(pulse_filter()));
  return {};
}

}  // namespace whimbrel
