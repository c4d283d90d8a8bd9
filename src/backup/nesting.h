// How deep documents are nested: judged without recursion, before anything that recurses sees them.
#pragma once

#include <cstdint>
#include <span>

namespace whimbrel::backup {

/// A server takes 200 levels (maxBSONDepth); its own documents may add a few.
inline constexpr size_t kDeepest = 220;

enum class Nesting { kFine, kTooDeep, kBroken };

/// kBroken: lengths or types that no document has.
Nesting nesting_of(std::span<const uint8_t> document);

}  // namespace whimbrel::backup
