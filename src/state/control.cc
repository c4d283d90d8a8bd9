#include "state/control.h"

#include <array>

namespace whimbrel {

using mongo::Document;
using mongo::make_document;
using mongo::View;

namespace {

constexpr std::array<std::string_view, 3> kWanted = {"run", "pause", "cancel"};

/// Names of settings have dots in them, which update operators would take for paths.
std::vector<Document> stored(const Document& settings) {
  std::vector<Document> list;
  for (const mongo::Value& value : settings.view().elements()) {
    list.push_back(make_document("key", value.key(), "value", value.as_string()));
  }
  return list;
}

}  // namespace

Control Control::from(View document) {
  Control control;
  control.number = document.get_int("number");
  std::string wanted(document.get_string("wanted"));
  for (size_t i = 0; i < kWanted.size(); ++i) {
    if (kWanted[i] == wanted) control.wanted = static_cast<Wanted>(i);
  }
  for (const mongo::Value& value : document.get_document("settings").elements()) {
    View setting = value.as_document();
    control.settings.append(setting.get_string("key"), setting.get_string("value"));
  }
  control.by = document.get_string("by");
  control.why = document.get_string("why");
  control.at = document.get_int("at");
  return control;
}

Document Steered::to_document() const {
  Document document = make_document("number", number, "state", state, "reason", reason, "gait",
                                    gait, "refused", refused);
  document.append_date("since", since);
  return document;
}

Steered Steered::from(View document) {
  Steered steered;
  steered.number = document.get_int("number");
  steered.state = document.get_string("state");
  steered.reason = document.get_string("reason");
  steered.gait = document.get_string("gait");
  steered.refused = document.get_string("refused");
  steered.since = document.get_int("since");
  return steered;
}

Result<int64_t> Controls::request(const std::string& run, int64_t epoch,
                                  const Control& control) const {
  Document set = make_document("control.wanted", kWanted[static_cast<size_t>(control.wanted)],
                               "control.by", control.by, "control.why", control.why);
  set.append_array("control.settings", stored(control.settings));
  Document update = make_document("$set", set, "$inc", make_document("control.number", 1),
                                  "$currentDate", make_document("control.at", true));
  Document filter = mongo::only_id(run);
  filter.append("epoch", epoch);
  Document wrapped = make_document("u", update);
  auto now = TRY(runs_.find_and_update(filter, *wrapped.view().find("u"), mongo::Upsert::kNo));
  if (!now) return int64_t{0};
  return Control::from(now->view().get_document("control")).number;
}

Status Controls::save(const std::string& run, const Steered& steered) const {
  Document update = make_document("$set", make_document("steered", steered.to_document()));
  TRY(runs_.update_one(mongo::only_id(run), update));
  return {};
}

}  // namespace whimbrel
