#include "cli/argv_secrets.h"

#include <algorithm>
#include <string_view>

#include "base/text.h"

namespace whimbrel {

bool hide_passwords(int argc, char** argv) {
  bool any = false;
  for (int i = 1; i < argc; ++i) {
    std::string_view argument = argv[i];
    if (argument.find("mongodb") == std::string_view::npos) continue;
    std::string_view password = password_of(argument);
    if (password.empty()) continue;
    std::fill_n(argv[i] + (password.data() - argument.data()), password.size(), '*');
    any = true;
  }
  return any;
}

}  // namespace whimbrel
