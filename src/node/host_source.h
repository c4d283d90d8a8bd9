// The host's JavaScript (host/*.js), built into the program.
#pragma once

#include <string_view>

namespace whimbrel::node {

std::string_view host_source();

}  // namespace whimbrel::node
