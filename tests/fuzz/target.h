// What the fuzz targets share.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>

namespace fuzz {

inline std::string_view text(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// A promise that no input may break.
inline void must(bool kept) {
  if (!kept) std::abort();
}

}  // namespace fuzz
