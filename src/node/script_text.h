// What the text of a JavaScript or TypeScript migration says, without running it.
#pragma once

#include <string>
#include <vector>

#include "node/host.h"

namespace whimbrel::node {

/// Where in a file something stands. All are 1-based; line 0 means the whole file.
struct TextPlace {
  int line = 0;
  int column = 0;
  int statement = 0;  ///< the line on which its statement starts
};

struct TextComment {
  std::string text;  ///< without its marks
  int line = 0;
  int end = 0;         ///< the line on which it ends
  bool top = false;    ///< stands before everything else in the file
  bool alone = false;  ///< nothing stands before it on its line
};

/// One call of the driver. Filter and update are as their literals say; `{$unknown: true}` stands
/// for what only running the file would tell, the name `?` for a name that is computed.
struct DriverCall {
  std::string method;      ///< "updateMany", "createIndex", "drop", …; an entry of bulkWrite, too
  std::string collection;  ///< "" when the text does not say
  std::string to;          ///< of a rename
  std::string within;      ///< the exported function that it stands in; "" for helpers
  mongo::Document filter;  ///< empty when it is `{}` or not given
  mongo::Document update;  ///< an array if `update_is_pipeline`
  bool update_is_pipeline = false;
  TextPlace place;
};

/// What a document migration's transform returns in one place, where that is a literal.
struct ReturnedUpdate {
  mongo::Document update;
  bool is_pipeline = false;
  TextPlace place;
};

struct TextFinding {
  std::string code;
  std::string message, hint;  ///< "" where whoever asks says it
  TextPlace place;
};

/// What the file exports. `whole` is false when it may export more than its text says.
struct ModuleText {
  bool whole = false;
  bool document = false;     ///< a document migration
  bool transaction = false;  ///< `transaction: true`
  bool up = false, down = false, revert = false;
  bool down_is_empty = false;  ///< down() does nothing, and up() does something
  bool journal_is_off = false;
  std::string collection;
  mongo::Document where;
  TextPlace down_place, where_place;
  TextPlace up_place;  ///< of a document migration: its options
  std::vector<ReturnedUpdate> returns;
};

struct ScriptText {
  std::string unread;  ///< why nothing could read the file, with what to install; "" when it was
  std::string syntax_error;  ///< "" for none
  TextPlace syntax_place;
  std::vector<TextComment> comments;
  ModuleText module;
  std::vector<DriverCall> calls;
  std::vector<TextFinding> findings;  ///< of the rules that need nothing but the text
};

/// Whether a value is, or holds, what only running the file would tell.
bool has_unknown(mongo::View literal);

/// Asks a host of HostProgram::kReader; ended with `stop`.
Result<ScriptText> read_script_text(Host& host, const std::string& path, const Stop& stop);

}  // namespace whimbrel::node
