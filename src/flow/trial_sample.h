// What is copied into the scratch database for migrations that are tried, and what of it is shown.
#pragma once

#include "flow/trial.h"

namespace whimbrel {

/// Whether a step of it is the user's own `up(db, client)`.
bool has_script(const Migration& migration);

/// Copies the definitions and documents of every collection that `migrations` name, or of all where
/// one of them is a script. What was left out goes to `notes`.
Status copy_sample(Project& real, Project& scratch, const std::vector<Migration>& migrations,
                   const TrialOptions& options, std::vector<std::string>& notes);

/// Some documents of each collection that `migration` works on, as they are now.
Result<std::vector<TrialSample>> samples_before(Project& scratch, const Migration& migration,
                                                int each);
/// Fills in `after`, in the collection's new name where it was renamed, and adds what copies made.
Status samples_after(Project& scratch, const Migration& migration,
                     std::vector<TrialSample>& samples);

/// `migration` without what a scratch database cannot tell or must not run: counts of the whole
/// collection, commands that reach beyond their database. Each goes to `notes`.
Migration triable(const Migration& migration, bool whole, std::vector<std::string>& notes);

}  // namespace whimbrel
