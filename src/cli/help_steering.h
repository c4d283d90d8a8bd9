// The table of states and events (state/steering.h) as people read it.
#pragma once

#include <string>

namespace whimbrel {

/// A Markdown table, and the reasons of what is refused below it.
std::string steering_table();

}  // namespace whimbrel
