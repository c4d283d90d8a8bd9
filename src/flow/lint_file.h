// One migration as `lint` sees it: what its text alone shows, and what is left to ask the server
// and to compare with other files.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "flow/lint_rules.h"
#include "flow/migration_file.h"
#include "node/script_text.h"

namespace whimbrel {

/// All are 1-based; line 0 means the whole file.
struct LintPlace {
  int line = 0;
  int column = 0;
  int statement = 0;  ///< the line on which its statement, or its step, starts
};

struct Finding {
  std::string code;
  Severity severity = Severity::kWarning;
  std::string path;  ///< of the file, from the project's directory
  LintPlace place;
  std::string message;  ///< what is wrong and why that hurts
  std::string hint;     ///< the next thing to do
  bool suppressed = false;
  std::string reason;  ///< why it is suppressed
};

/// A comment `whimbrel: allow CODE reason`.
struct Suppression {
  std::string code;  ///< as written
  std::string reason;
  int line = 0;
  int end = 0;         ///< the line on which its comment ends
  bool top = false;    ///< for the whole file
  bool alone = false;  ///< on a line of its own: for what follows
};
/// The suppression that a comment is; nullopt for other comments.
std::optional<Suppression> read_suppression(std::string_view comment);

/// A write whose fields are known.
struct WrittenPlace {
  std::string collection;
  std::set<std::string> fields;
  LintPlace place;
};

/// A collection whose size decides.
struct IndexBuild {
  std::string collection;
  LintPlace place;
};

/// A filter that the server shall explain.
struct AskedFilter {
  std::string collection;
  mongo::Document where;
  LintPlace place;
};

struct LintedFile {
  std::string name;
  std::string path;      ///< from the project's directory
  bool pending = false;  ///< `up` would run it
  bool asked = false;    ///< its findings are wanted; others are read only to be compared with
  std::vector<Finding> findings;
  std::vector<Suppression> suppressions;
  std::vector<std::string> notes;
  std::vector<WrittenPlace> writes;
  std::vector<IndexBuild> index_builds;
  std::vector<AskedFilter> filters;

  /// With the rule's own severity, unless `severity` says another.
  void add(std::string_view code, const LintPlace& at, std::string message, std::string hint);
  void add(std::string_view code, Severity severity, const LintPlace& at, std::string message,
           std::string hint);
};

/// What a declarative migration shows. `migration` was loaded from `file`.
void lint_declarative(LintedFile& linted, const MigrationFile& file, const Migration& migration);
/// What a script's text shows.
void lint_script(LintedFile& linted, const node::ScriptText& text);

/// $where, $function or $accumulator in a filter or an update.
bool has_server_script(mongo::View part);
/// What to do about W007; `comment` starts a comment of the file.
std::string drop_hint(std::string_view comment);
/// The finding W011.
void add_server_script(LintedFile& linted, const LintPlace& at);

}  // namespace whimbrel
