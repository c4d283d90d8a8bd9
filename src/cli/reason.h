// Why documents fail, for people: many messages, few reasons.
#pragma once

#include <string>

namespace whimbrel {

/// Equal for messages that differ in numbers, hexadecimal ids and quoted values only.
std::string reason_key(const std::string& message);

}  // namespace whimbrel
