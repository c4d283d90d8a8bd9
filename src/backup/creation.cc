#include "backup/creation.h"

namespace whimbrel::backup {

using mongo::Array;
using mongo::Document;
using mongo::make_document;
using mongo::Value;
using mongo::View;

namespace {

Document create_operation(const std::string& name, const Definition& definition) {
  Document create = make_document("create", name);
  for (const Value& option : definition.options.view().elements()) {
    bool refused = option.key() == "recordIdsReplicated" || option.key() == "autoIndexId";
    if (!refused) create.append(option.key(), option);
  }
  return create;
}

Document majority() {
  return make_document("w", "majority");
}

}  // namespace

Array index_specs(const Definition& definition) {
  Array specs;
  bool collated = definition.options.view().find("collation").has_value();
  for (const Document& index : definition.indexes) {
    View listed = index;
    if (listed.get_string("name") == "_id_" || listed.get_bool("clustered")) continue;
    Document spec;
    for (const Value& field : listed.elements()) {
      if (field.key() != "v" && field.key() != "ns") spec.append(field.key(), field);
    }
    // Where a collection has a collation, an index without one would get it.
    bool simple = collated && !listed.find("collation");
    if (simple) spec.append("collation", make_document("locale", "simple"));
    specs.add(spec);
  }
  return specs;
}

Document create_command(const std::string& name, const Definition& definition) {
  return create_operation(name, definition).append("writeConcern", majority());
}

Document create_with_uuid(const std::string& database, const std::string& name,
                          const Definition& definition) {
  Document create = create_operation(name, definition);
  for (const Document& index : definition.indexes) {
    if (index.view().get_string("name") == "_id_") create.append("idIndex", index);
  }
  Document operation = make_document("op", "c", "ns", database + ".$cmd", "o", create);
  constexpr uint8_t kUuid = 4;
  operation.append_binary("ui", uuid_bytes(definition), kUuid);
  Array operations;
  operations.add(operation);
  Document apply;
  apply.append_array("applyOps", operations.view()).append("writeConcern", majority());
  return apply;
}

}  // namespace whimbrel::backup
