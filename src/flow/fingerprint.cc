#include "flow/fingerprint.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "mongo/collection.h"
#include "mongo/document_list.h"

namespace whimbrel {

using mongo::Document;
using mongo::make_document;
using mongo::View;

namespace {

bool is_ours(const Project& project, const std::string& name) {
  bool known =
      name == project.config.changelog_collection || name == project.config.lock_collection;
  return known || name.starts_with("whimbrel_") || name.starts_with("system.");
}

Result<std::vector<Document>> listed(Project& project) {
  Document command = make_document("listCollections", 1);
  std::vector<Document> collections;
  for (Document& one : TRY(mongo::read_all(project.client, project.database, command))) {
    bool view = one.view().get_string("type") == "view";
    if (!view && !is_ours(project, one.view().get_string("name")))
      collections.push_back(std::move(one));
  }
  return collections;
}

Result<std::string> definition_of(Project& project, View collection) {
  std::string options = collection.get_document("options").empty()
                            ? ""
                            : collection.get_document("options").to_json();
  Document command = make_document("listIndexes", collection.get_string("name"));
  std::vector<std::string> lines;
  for (const Document& index : TRY(mongo::read_all(project.client, project.database, command))) {
    if (index.view().get_string("name") != "_id_") lines.push_back(index.view().to_json());
  }
  std::sort(lines.begin(), lines.end());
  return options + join(lines, "\n");
}

Result<CollectionFingerprint> fingerprint_of(Project& project, View collection) {
  CollectionFingerprint print;
  print.definition = TRY(definition_of(project, collection));
  Document find = make_document("find", collection.get_string("name"));
  auto cursor = TRY(mongo::Cursor::open(project.client, project.database, find));
  while (auto document = TRY(cursor.next())) {
    mongo::Digest digest = mongo::digest_of(*document);
    print.documents += 1;
    print.bytes += static_cast<int64_t>(document->size());
    print.high += digest.high;
    print.low += digest.low;
  }
  return print;
}

std::string difference(const std::string& name, const CollectionFingerprint& before,
                       const CollectionFingerprint& after) {
  if (before.documents != after.documents) {
    return fmt::format("{}: {} documents instead of {}", name, with_commas(after.documents),
                       with_commas(before.documents));
  }
  bool documents = before.high != after.high || before.low != after.low;
  return name + (documents ? ": documents differ" : ": options or indexes differ");
}

}  // namespace

Result<Fingerprint> fingerprint(Project& project) {
  Fingerprint prints;
  for (const Document& collection : TRY(listed(project))) {
    prints[collection.view().get_string("name")] = TRY(fingerprint_of(project, collection));
  }
  return prints;
}

std::vector<std::string> differences(const Fingerprint& before, const Fingerprint& after) {
  std::vector<std::string> lines;
  Fingerprint all = before;
  all.insert(after.begin(), after.end());
  for (const auto& [name, ignored] : all) {
    auto in = [&name = name](const Fingerprint& prints) {
      auto found = prints.find(name);
      return found == prints.end() ? CollectionFingerprint() : found->second;
    };
    if (in(before) != in(after)) lines.push_back(difference(name, in(before), in(after)));
  }
  return lines;
}

Result<std::vector<std::string>> user_collections(Project& project) {
  std::vector<std::string> names;
  for (const Document& collection : TRY(listed(project))) {
    names.push_back(collection.view().get_string("name"));
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace whimbrel
