// What a backup knows of a collection besides its documents: `COLL.metadata.json`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mongo/bson.h"

namespace whimbrel::backup {

/// The definition of a collection, a view or a time series.
struct Definition {
  std::string name;
  std::string type;                      ///< "collection", "view", "timeseries"; "" when unknown
  mongo::Document options;               ///< as listCollections gives them
  std::vector<mongo::Document> indexes;  ///< as listIndexes gives them
  std::string uuid;                      ///< 32 hex digits, or ""

  bool is_view() const;
  bool is_time_series() const;
  bool is_capped() const { return options.view().get_bool("capped"); }
};

/// The 16 bytes of Definition::uuid; empty when that is no such text.
std::vector<uint8_t> uuid_bytes(const Definition& definition);

/// Canonical Extended JSON in mongodump's order of fields; one document, no line feed.
std::string metadata_json(const Definition& definition);

/// Reads mongodump's text, new or old (relaxed and legacy JSON, missing fields). `name` is used
/// where the text has none. kBadMigration when it is no such document.
Result<Definition> read_metadata(std::string_view json, const std::string& name);

}  // namespace whimbrel::backup
