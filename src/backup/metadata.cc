#include "backup/metadata.h"

#include <fmt/format.h>

#include <charconv>

namespace whimbrel::backup {

using mongo::Document;
using mongo::Value;
using mongo::View;

bool Definition::is_view() const {
  return type == "view" || options.view().find("viewOn").has_value();
}

bool Definition::is_time_series() const {
  return type == "timeseries" || options.view().find("timeseries").has_value();
}

std::vector<uint8_t> uuid_bytes(const Definition& definition) {
  constexpr size_t kBytes = 16;
  const std::string& text = definition.uuid;
  if (text.size() != 2 * kBytes) return {};
  std::vector<uint8_t> bytes(kBytes);
  for (size_t i = 0; i < kBytes; ++i) {
    const char* digits = text.data() + 2 * i;
    if (std::from_chars(digits, digits + 2, bytes[i], 16).ptr != digits + 2) return {};
  }
  return bytes;
}

std::string metadata_json(const Definition& definition) {
  Document document;
  if (!definition.options.view().empty()) document.append("options", definition.options);
  document.append_array("indexes", std::span(definition.indexes));
  if (!definition.uuid.empty()) document.append("uuid", definition.uuid);
  document.append("collectionName", definition.name);
  if (!definition.type.empty()) document.append("type", definition.type);
  return document.view().to_json();
}

Result<Definition> read_metadata(std::string_view json, const std::string& name) {
  Definition definition;
  definition.name = name;
  if (json.empty()) return definition;
  auto parsed = Document::from_json(json);
  if (!parsed) {
    return Error{ErrorKind::kBadMigration,
                 fmt::format("the metadata is no JSON document: {}", parsed.error().message)};
  }
  View document = parsed->view();
  definition.options = Document(document.get_document("options"));
  for (const Value& index : document.get_document("indexes").elements()) {
    if (!index.is_document() || index.as_document().get_document("key").empty()) {
      return Error{ErrorKind::kBadMigration, "the metadata has an index without a key"};
    }
    definition.indexes.emplace_back(index.as_document());
  }
  definition.uuid = document.get_string("uuid");
  definition.type = document.get_string("type");
  std::string own = document.get_string("collectionName");
  if (!own.empty()) definition.name = own;
  return definition;
}

}  // namespace whimbrel::backup
