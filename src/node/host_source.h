// The JavaScript that runs in the user's Node (host/*.js), built into the program.
#pragma once

#include <string_view>

namespace whimbrel::node {

/// Runs migrations.
std::string_view host_source();
/// Reads the text of migrations, and runs nothing of it.
std::string_view reader_source();

}  // namespace whimbrel::node
