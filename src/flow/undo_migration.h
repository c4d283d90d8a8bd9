// Undoes one migration: its written `down` steps, or every step's own reverse, last first.
#pragma once

#include "flow/down.h"

namespace whimbrel {

/// Removes the changelog entry and the journal when everything is undone. An interrupted call goes
/// on where it stopped.
Status undo_migration(const UpSetting& setting, const UndoItem& item, DownSummary& summary);

}  // namespace whimbrel
