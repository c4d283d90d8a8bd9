#include "engine/side_pipeline.h"

#include <algorithm>

#include "mongo/collection.h"
#include "mongo/raw_writer.h"

namespace whimbrel {

using mongo::Document;
using mongo::DocumentList;
using mongo::make_document;
using mongo::Type;
using mongo::View;

namespace {

/// Documents of a list that go into one command.
struct Part {
  size_t first = 0;
  size_t end = 0;
  size_t bytes = 0;
};

Part part_from(const DocumentList& documents, size_t first) {
  Part part{first, first, 0};
  while (part.end < documents.size()) {
    size_t size = documents[part.end].size();
    if (part.bytes + size > mongo::kCommandBytes && part.end > first) break;
    part.bytes += size;
    ++part.end;
  }
  return part;
}

/// The command in one buffer: put together from documents, its bytes would be in memory five times.
std::vector<uint8_t> command_for(const DocumentTask& task, const SidePipeline& pipeline,
                                 const DocumentList& documents, const Part& part) {
  std::vector<uint8_t> bytes;
  bytes.reserve(part.bytes * 9 / 8 + 4096);
  mongo::RawWriter writer(bytes);
  writer.begin();
  writer.put_fields(make_document("aggregate", 1));
  writer.begin(Type::kArray, "pipeline");
  writer.begin(Type::kDocument, "0");
  writer.begin(Type::kDocument, "$documents");
  writer.begin(Type::kArray, "$literal");
  for (size_t i = part.first; i < part.end; ++i) {
    writer.put(mongo::array_key(i - part.first), documents[i]);
  }
  for (int open = 0; open < 3; ++open) writer.end();
  size_t position = 1;
  for (const mongo::Value& stage : pipeline.stages.elements()) {
    writer.put(mongo::array_key(position++), stage.as_document());
  }
  writer.end();
  auto likely_bytes = static_cast<int64_t>(part.bytes / (part.end - part.first));
  Document cursor = make_document("batchSize", mongo::documents_at_a_time(likely_bytes));
  writer.put_fields(make_document("cursor", cursor));
  if (!task.facts.collation.view().empty()) writer.put("collation", task.facts.collation);
  writer.put_fields(pipeline.variables);
  writer.end();
  return bytes;
}

}  // namespace

Status run_on_the_side(mongo::Client& client, const DocumentTask& task,
                       const SidePipeline& pipeline, const DocumentList& documents,
                       const std::function<void(View)>& take) {
  for (Part part = part_from(documents, 0); part.end > part.first;
       part = part_from(documents, part.end)) {
    std::vector<uint8_t> command = command_for(task, pipeline, documents, part);
    auto cursor = TRY(mongo::Cursor::open(client, task.database, View(command)));
    std::vector<uint8_t>().swap(command);
    while (auto image = TRY(cursor.next())) take(*image);
  }
  return {};
}

}  // namespace whimbrel
