// BSON documents one behind the other in a file.
#pragma once

#include <cstdint>
#include <vector>

#include "backup/input.h"

namespace whimbrel::backup {

/// The longest document that such a file may hold: 16 MiB, and what the server adds to its own.
inline constexpr int32_t kLongestDocument = (16 << 20) + (16 << 10);
/// As many bytes of documents are handed on at a time; a longer document goes alone.
inline constexpr size_t kChunkBytes = 1 << 20;
/// And so many of them: fewer than a command may insert.
inline constexpr int64_t kChunkDocuments = 50'000;

/// Whether documents are looked into, or only their lengths.
enum class Look { kLengths, kInside };

/// Reads the rest of a document whose length was read, behind what is in `buffer`. `start` is where
/// it begins in the file. kBadMigration: lengths that cannot be, a file that ends, no BSON.
Status append_document(Input& input, int32_t length, int64_t start, Look look,
                       std::vector<uint8_t>& buffer);

}  // namespace whimbrel::backup
