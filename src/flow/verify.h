// `verify`: whether an applied migration did what it says, asked of today's documents.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/verify_step.h"
#include "flow/project.h"

namespace whimbrel {

struct VerifyOptions {
  std::string name;     ///< "" for the one that was applied last
  int64_t docs = 1000;  ///< of each step, out of its journal
  bool whole = false;   ///< all of them
};

struct VerifiedCheck {
  size_t step = 0;
  std::string text;
  bool holds = true;
  std::string message;  ///< why not
};

/// One document step.
struct VerifiedStep {
  size_t step = 0;
  std::string kind, collection;
  int64_t documents_before = 0, documents_now = 0;  ///< in the collection
  Counts counts;                                    ///< of the run
  int64_t quarantined = 0;                          ///< now
  /// Documents out of quarantine that match `where`; nullopt where it does not tell finished ones
  /// from others, or counting took longer than 3 s.
  std::optional<int64_t> residual;
  std::vector<mongo::OwnedValue> residual_ids;  ///< the first ten
  std::optional<StepVerification> journal;      ///< nullopt: there is none
  std::string no_journal;                       ///< why
};

struct Verification {
  std::string migration, hash, run;
  std::vector<VerifiedCheck> checks;
  std::vector<VerifiedStep> steps;
  std::vector<std::string> notes;  ///< what could not be verified

  /// 1 when a check fails, a document is wrong or still matches `where`; else 3 when documents are
  /// in quarantine; else 0.
  int exit() const;
};

/// Keeps what it found as evidence; writes nothing to the user's documents. Errors: kNotFound when
/// no migration of that name is applied, or its file is missing; kFailed when the file was changed
/// since.
Result<Verification> verify(Project& project, const VerifyOptions& options, Stop& stop);

}  // namespace whimbrel
