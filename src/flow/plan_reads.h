// How the server finds the documents of a batch.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/task.h"
#include "flow/project.h"

namespace whimbrel {

/// By `explain` of the first batch, with its execution.
struct BatchReads {
  std::string index;     ///< its name; "" when the collection is scanned
  int64_t examined = 0;  ///< documents
  int64_t found = 0;     ///< of those, that match
};

/// nullopt where the server does not tell within 3 s, as mongos in this form, or nothing matches.
std::optional<BatchReads> reads_of_a_batch(Project& project, const DocumentTask& task);

/// "by index _id_; 2,000 documents examined for 1,000 that match"
std::string reads_text(const BatchReads& reads);

}  // namespace whimbrel
