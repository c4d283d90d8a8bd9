#include "cli/reason.h"

#include <cctype>

namespace whimbrel {

std::string reason_key(const std::string& message) {
  std::string key;
  for (size_t at = 0; at < message.size(); ++at) {
    char c = message[at];
    size_t closing = c == '"' || c == '\'' ? message.find(c, at + 1) : std::string::npos;
    if (closing != std::string::npos) {
      key += '"';
      at = closing;
    } else if (std::isdigit(static_cast<unsigned char>(c))) {
      key += '#';
      while (at + 1 < message.size() && std::isxdigit(static_cast<unsigned char>(message[at + 1])))
        ++at;
    } else {
      key += c;
    }
  }
  return key;
}

}  // namespace whimbrel
