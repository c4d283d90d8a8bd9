// What an interruption left to be decided, in the same words wherever a person is asked.
#pragma once

#include <optional>
#include <string>

#include "flow/history.h"

namespace whimbrel {

/// kFailed: nobody knows how far a script came. `what` of it ("up()", "down()") was cut off while
/// `command` ("up", "down") ran it; the hint says how that command is answered.
Error script_in_doubt(const std::string& file, const std::string& what, const std::string& command);

/// kFailed: a `down` was cut off, and `up` does not begin before it is through.
Error undo_is_open(const std::string& file);

/// What has become of an interrupted migration, with what to do about it as the hint. nullopt in
/// every other state.
std::optional<Error> interruption_of(const Entry& entry);

}  // namespace whimbrel
