// A script migration's function as a step of its run.
#pragma once

#include "flow/apply.h"

namespace whimbrel {

/// Whether step `index` counts as done although its script was cut off: `in_doubt` says so. kFailed
/// when nobody has said what to do.
Result<bool> is_passed_over(const UpSetting& setting, const Migration& migration, const Run& run,
                            int index);

/// Runs step `index` of the run, a ScriptStep. It was started without an end when the run was
/// interrupted: nobody knows what it has done, so kFailed asks the person, unless `in_doubt` says
/// what to do. A script that throws, calls process.exit or leaves a promise uncaught may be run
/// again: it is known to have failed.
Status run_script_step(const UpSetting& setting, const Migration& migration, const Step& step,
                       Run& run, int index);

}  // namespace whimbrel
