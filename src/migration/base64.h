// Base64 (RFC 4648), strictly.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace whimbrel::migration {

/// The bytes, or nullopt: other characters (white space too), missing or wrong padding.
std::optional<std::vector<uint8_t>> decode_base64(std::string_view text);

}  // namespace whimbrel::migration
