// Copies of the user's collections for a scratch database: their definition, and some documents.
#pragma once

#include <string>
#include <vector>

#include "flow/project.h"
#include "mongo/document_list.h"

namespace whimbrel {

/// Which documents stand for all.
enum class Choice {
  kVaried,  ///< as different as can be found among a thousand: shapes, types, extreme values
  kSpread,  ///< at random over the whole collection
  kWhole,   ///< every document, copied by the server
};

struct CopyRequest {
  std::string collection;
  mongo::Document where;  ///< of the documents that are wanted
  Choice choice = Choice::kVaried;
  int64_t docs = 10;  ///< so many with those that are there already; kWhole ignores it
};

/// Makes `collection` of `real` in `scratch`, with its options, validator and indexes; nothing when
/// there is none, or when it is there already. Indexes with a time to live are made without it: the
/// copies of old documents are wanted.
Status copy_definition(Project& real, Project& scratch, const std::string& collection);

/// Copies documents into a collection that copy_definition() made; those that are there already are
/// passed over. Memory: one command's worth, for kVaried 32 MiB.
Status copy_documents(Project& real, Project& scratch, const CopyRequest& request);

}  // namespace whimbrel
