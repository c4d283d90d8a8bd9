#include "migration/expansion.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

namespace whimbrel::migration {
namespace {

bool is_name(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  return std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return c == '_' || (c < 0x80 && std::isalnum(c) != 0);
  });
}

/// Expands what stands between `${` and `}`.
Status expand_one(std::string_view inside, const Lookup& lookup, Expanded& expanded) {
  size_t colon = inside.find(":-");
  std::string name(inside.substr(0, colon));
  if (!is_name(name)) {
    // The name may be a piece of a secret that holds "${": it is not repeated.
    return Error{ErrorKind::kBadConfig,
                 "'${' must be followed by the name of a variable and '}'; write '$${' for a "
                 "literal '${'"};
  }
  bool has_default = colon != std::string_view::npos;
  std::string_view otherwise = has_default ? inside.substr(colon + 2) : "";
  if (otherwise.find("${") != std::string_view::npos) {
    return Error{ErrorKind::kBadConfig,
                 fmt::format("the default of ${{{}}} cannot hold another variable", name)};
  }
  auto value = lookup(name);
  if (value && !(has_default && value->empty())) expanded.text += *value;
  else if (has_default) expanded.text += otherwise;
  else if (expanded.unset.empty()) expanded.unset = name;
  return {};
}

}  // namespace

std::optional<std::string> process_variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value ? std::optional<std::string>(value) : std::nullopt;
}

bool has_variables(std::string_view text) {
  return text.find("${") != std::string_view::npos;
}

Result<Expanded> expand(std::string_view text, const Lookup& lookup) {
  Expanded expanded;
  for (size_t at = 0; at < text.size();) {
    size_t start = text.find("${", at);
    expanded.text += text.substr(at, start - at);
    if (start == std::string_view::npos) break;
    if (start > at && text[start - 1] == '$') {
      expanded.text += '{';  // the '$' before it is there already
      at = start + 2;
      continue;
    }
    size_t end = text.find('}', start);
    if (end == std::string_view::npos) {
      return Error{ErrorKind::kBadConfig, "a '${' is not closed by '}'"};
    }
    TRY(expand_one(text.substr(start + 2, end - start - 2), lookup, expanded));
    at = end + 1;
  }
  return expanded;
}

}  // namespace whimbrel::migration
