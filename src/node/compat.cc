#include "node/compat.h"

namespace whimbrel::node {

using mongo::Document;
using mongo::make_document;

namespace {

Document place_document(const CompatPlace& place) {
  Document document = make_document("file", place.file, "migrationsDir", place.migrations_dir);
  mongo::Array words;
  for (const std::string& word : place.words) words.add(word);
  document.append_array("words", words.view());
  return document;
}

}  // namespace

Result<Reply> compat_config(Host& host, const CompatPlace& place, const Patience& patience) {
  return host.call("compatConfig", place_document(place), {}, patience);
}

Result<Reply> compat_connect(Host& host, const Patience& patience) {
  return host.call("compatConnect", {}, {}, patience);
}

Result<Reply> compat_status(Host& host, const Patience& patience) {
  return host.call("compatStatus", {}, {}, patience);
}

CompatStatus read_compat_status(const Reply& reply) {
  mongo::View head = reply.head;
  CompatStatus status{head.get_string("directory"), head.get_bool("hashes"), {}};
  for (const mongo::Value& value : head.get_document("items").elements()) {
    mongo::View item = value.as_document();
    CompatItem read{
        item.get_string("name"), item.get_bool("pending"), item.get_string("block"), {}};
    for (const mongo::Value& cell : item.get_document("cells").elements())
      read.cells.emplace_back(cell.as_string());
    status.items.push_back(std::move(read));
  }
  return status;
}

Result<Reply> compat_create(Host& host, const CompatPlace& place, const Patience& patience) {
  return host.call("compatCreate", place_document(place), {}, patience);
}

CompatTarget read_compat_target(const Reply& reply) {
  mongo::View head = reply.head;
  return {head.get_string("directory"), head.get_string("extension"), head.get_string("sample"),
          head.get_bool("esm")};
}

Result<Reply> compat_shown(Host& host, const Patience& patience) {
  return host.call("compatShown", {}, {}, patience);
}

Result<Reply> compat_directory(Host& host, const CompatPlace& place, const Patience& patience) {
  return host.call("compatDirectory", place_document(place), {}, patience);
}

}  // namespace whimbrel::node
