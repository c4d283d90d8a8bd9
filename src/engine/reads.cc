#include "engine/reads.h"

#include "mongo/raw_writer.h"

namespace whimbrel {

using mongo::RawWriter;
using mongo::Type;
using mongo::Value;
using mongo::View;

namespace {

void add_path(Reads::Node& root, std::string_view path) {
  Reads::Node* node = &root;
  while (!path.empty()) {
    size_t dot = path.find('.');
    node = &node->children[std::string(path.substr(0, dot))];
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
  }
  node->whole = true;
}

void project_document(View document, const Reads::Node& node, RawWriter& writer);

/// Values that are no documents have no fields to keep: they stay away, as in the server.
void project_array(View array, const Reads::Node& node, RawWriter& writer) {
  size_t position = 0;
  for (const Value& item : array.elements()) {
    if (!item.is_document()) continue;
    writer.begin(item.type(), mongo::array_key(position++));
    if (item.type() == Type::kDocument) project_document(item.as_document(), node, writer);
    else project_array(item.as_document(), node, writer);
    writer.end();
  }
}

void project_document(View document, const Reads::Node& node, RawWriter& writer) {
  for (const Value& field : document.elements()) {
    auto read = node.children.find(field.key());
    if (read == node.children.end()) continue;
    if (read->second.whole) {
      writer.put(View::raw(field, field));
      continue;
    }
    if (!field.is_document()) continue;
    writer.begin(field.type(), field.key());
    if (field.type() == Type::kDocument)
      project_document(field.as_document(), read->second, writer);
    else project_array(field.as_document(), read->second, writer);
    writer.end();
  }
}

}  // namespace

Reads::Reads(const std::vector<std::string>& fields) {
  root_.whole = fields.empty();
  for (const std::string& field : fields) add_path(root_, field);
  root_.children["_id"].whole = true;
}

bool Reads::is_partial(std::string_view name) const {
  auto found = root_.children.find(name);
  return found != root_.children.end() && !found->second.whole;
}

void Reads::project(View document, mongo::DocumentList& projected) const {
  if (root_.whole) return projected.add(document);
  std::vector<uint8_t> bytes;
  bytes.reserve(document.size());
  RawWriter writer(bytes);
  writer.begin();
  project_document(document, root_, writer);
  writer.end();
  projected.add(View(bytes));
}

}  // namespace whimbrel
