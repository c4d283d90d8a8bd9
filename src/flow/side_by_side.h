// Applies several migrations at once, each in a thread and by connections of its own.
#pragma once

#include <functional>
#include <vector>

#include "flow/apply.h"
#include "flow/schedule.h"

namespace whimbrel {

/// The most that run at once, whatever the schedule allows.
inline constexpr size_t kMostSideBySide = 4;

/// Calls `apply` for each place of `slots` once all that it waits for have ended well, at most
/// kMostSideBySide at a time. When one fails, or a stop is requested, no further one begins, and
/// those that run go on to their end (which for a stop is soon). Returns when none runs any more,
/// with the first failure. `apply` is called from several threads, each with a setting of its own,
/// and must not touch what `setting` refers to but what is thread-safe.
Status apply_side_by_side(const UpSetting& setting, const std::vector<Slot>& slots,
                          const std::function<Status(const UpSetting&, size_t)>& apply);

}  // namespace whimbrel
