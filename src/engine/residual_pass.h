// After the scan: documents that still match `where`, because the application wrote them behind it.
#pragma once

#include "engine/scan.h"

namespace whimbrel {

/// Migrates what still matches `where` in further passes, until there is nothing or a pass does not
/// find fewer than the one before, and saves how many are left in StepState::residual.
///
/// Each document is still migrated at most once: those that the journal knows are left alone, also
/// when the application made them match again, and so are those in quarantine. Nothing is done, and
/// nothing said of what is left, where `where` cannot tell finished documents from others: without
/// one, for a `copy`, and when documents that were migrated and not touched since still match.
///
/// Costs one search for a first match when there is none. Otherwise each pass reads the `_id`s that
/// match, and the journal of the slices they lie in; in memory are some 20,000 `_id`s.
Status pick_up_residual(const StepWork& work);

}  // namespace whimbrel
