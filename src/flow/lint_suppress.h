// Comments `whimbrel: allow CODE reason`: what somebody has looked at and found to be right.
#pragma once

#include "flow/lint_file.h"

namespace whimbrel {

/// Marks the findings that the file's comments are about: one at the top is about the whole file,
/// one on a line of its own about the next line, another about its own line; a line stands for the
/// statement or step that starts on it. Adds W091 and W092 for comments that do not count.
void apply_suppressions(LintedFile& file);

}  // namespace whimbrel
