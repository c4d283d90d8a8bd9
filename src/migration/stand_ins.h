// Lets a YAML 1.1 reader read YAML 1.2: what it would read differently is exchanged beforehand.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "migration/problems.h"

namespace whimbrel::migration {

/// A text for the reader in which each of these characters has another standing in for it, one that
/// the file does not use, so that lines and columns stay what they are:
///  - those that end a line in YAML 1.1 only (U+0085, U+2028, U+2029), and those that it forbids
///    (U+007F to U+009F, U+FFFE, U+FFFF) or skips (U+FEFF);
///  - a ':' or '?' that starts plain text, as in `{ a: :b }`.
class StandIns {
 public:
  /// `source` is valid UTF-8 and outlives this.
  explicit StandIns(std::string_view source);

  /// What the reader shall read.
  std::string_view text() const { return changed_ ? std::string_view(exchanged_) : source_; }
  /// Adds a problem and returns false when the file leaves no characters for this.
  bool check(ProblemList& problems) const;
  /// Puts the characters back into a text that the reader found.
  void restore(std::string& found) const;

 private:
  void exchange();

  std::string_view source_;
  std::string exchanged_;
  bool changed_ = false;
  size_t first_ = 0;             ///< where the first of them is, when changed_
  uint32_t first_stand_in_ = 0;  ///< 0 when the file uses all that could be
};

}  // namespace whimbrel::migration
