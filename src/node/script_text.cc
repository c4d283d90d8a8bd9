#include "node/script_text.h"

#include <chrono>

namespace whimbrel::node {

using mongo::Document;
using mongo::make_document;
using mongo::Type;
using mongo::Value;
using mongo::View;

namespace {

constexpr std::chrono::milliseconds kReading{60'000};

int number(View from, std::string_view key) {
  return static_cast<int>(from.get_int(key));
}

TextPlace place_of(View from) {
  return {number(from, "line"), number(from, "column"), number(from, "from")};
}

/// A literal comes as text: not everything that is written in a migration is Extended JSON.
struct Literal {
  Document value;
  bool is_array = false;
};

Literal literal_of(View from, std::string_view key) {
  std::string text = from.get_string(key);
  if (text.empty()) return {};
  auto wrapped = Document::from_json("{\"v\":" + text + "}");
  auto value = wrapped ? wrapped->view().find("v") : std::nullopt;
  if (!value || !value->is_document()) return {make_document("$unknown", true)};
  return {Document(value->as_document()), value->type() == Type::kArray};
}

TextComment read_comment(View from) {
  return {from.get_string("text"), number(from, "line"), number(from, "end"), from.get_bool("top"),
          from.get_bool("alone")};
}

DriverCall read_call(View from) {
  DriverCall call{from.get_string("method"), from.get_string("collection"), from.get_string("to"),
                  from.get_string("within")};
  call.filter = literal_of(from, "filter").value;
  Literal update = literal_of(from, "update");
  call.update = std::move(update.value);
  call.update_is_pipeline = update.is_array;
  call.place = place_of(from);
  return call;
}

ReturnedUpdate read_returned(View from) {
  Literal update = literal_of(from, "update");
  return {std::move(update.value), update.is_array, place_of(from)};
}

ModuleText read_module(View from) {
  ModuleText module;
  module.whole = from.get_bool("whole");
  module.document = from.get_bool("document");
  module.transaction = from.get_bool("transaction");
  module.up = from.get_bool("up");
  module.down = from.get_bool("down");
  module.revert = from.get_bool("revert");
  module.down_is_empty = from.get_bool("downIsEmpty");
  module.journal_is_off = from.get_bool("journalIsOff");
  module.collection = from.get_string("collection");
  module.where = literal_of(from, "where").value;
  module.down_place = place_of(from.get_document("downAt"));
  module.up_place = place_of(from.get_document("upAt"));
  module.where_place = place_of(from.get_document("whereAt"));
  for (const Value& item : from.get_document("returns").elements())
    module.returns.push_back(read_returned(item.as_document()));
  return module;
}

}  // namespace

bool has_unknown(View literal) {
  for (const Value& field : literal.elements()) {
    if (field.key() == "$unknown" || field.key() == "?") return true;
    if (field.is_document() && has_unknown(field.as_document())) return true;
  }
  return false;
}

Result<ScriptText> read_script_text(Host& host, const std::string& path, const Stop& stop) {
  Patience patience{.most = kReading, .stop = &stop, .ends_on_interrupt = true};
  Reply reply = TRY(host.call("read", make_document("file", path), {}, patience));
  ScriptText text;
  if (reply.failed) {
    text.unread = "it could not be read: " + reply.failed->message;
    return text;
  }
  View head = reply.head;
  text.unread = head.get_string("unread");
  View syntax = head.get_document("syntax");
  text.syntax_error = syntax.get_string("message");
  text.syntax_place = place_of(syntax);
  for (const Value& item : head.get_document("comments").elements())
    text.comments.push_back(read_comment(item.as_document()));
  text.module = read_module(head.get_document("module"));
  for (const Value& item : head.get_document("calls").elements())
    text.calls.push_back(read_call(item.as_document()));
  for (const Value& item : head.get_document("findings").elements()) {
    View from = item.as_document();
    text.findings.push_back({from.get_string("code"), from.get_string("message"),
                             from.get_string("hint"), place_of(from)});
  }
  return text;
}

}  // namespace whimbrel::node
