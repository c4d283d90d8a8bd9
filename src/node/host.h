// One running Node.js host: frames go in, answers come out.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/stop.h"
#include "mongo/document_list.h"
#include "node/output.h"

namespace whimbrel::node {

/// What a host does.
enum class HostProgram {
  kMigrations,  ///< runs the user's code
  kReader,      ///< parses it, and runs nothing; may use what is inside Node (--expose-internals)
};

/// How to start hosts of one project.
struct HostSetting {
  std::string command = "node";      ///< program name or path
  std::vector<std::string> loaders;  ///< given to Node as --import
  std::string directory;             ///< working directory; packages are resolved from here
  OutputSink output;  ///< what the user's code prints; none: it keeps our own streams
  std::function<void(std::string_view text)> log;  ///< ctx.log(); thread-safe, like `output`
  HostProgram program = HostProgram::kMigrations;
};

/// What the user's code threw.
struct ScriptError {
  std::string name;     ///< "TypeError"
  std::string message;  ///< "undefined" when something was thrown that has none
  std::string stack;
  std::string code;     ///< its `code`, "" for none
  std::string details;  ///< its `errInfo` as JSON, "" for none
  std::string thrown;   ///< "error", or the type of a thrown value that is no object
  int line = 0;         ///< in the migration's file; 0 when unknown
  std::vector<std::string> labels = {};  ///< its `errorLabels`, where the driver gave it any
};
ScriptError read_script_error(mongo::View document);

struct Reply {
  mongo::Document head;
  mongo::DocumentList documents;
  std::optional<ScriptError> failed;  ///< the user's code threw; the host itself is well
};

/// How long a call may take.
struct Patience {
  std::chrono::milliseconds most{0};  ///< 0: as long as it takes
  const Stop* stop = nullptr;      ///< ends the call when the lock is lost: nobody writes any more
  bool ends_on_interrupt = false;  ///< Ctrl-C ends the call, too
  std::function<void()> on_wait =
      {};  ///< called once when a stop is requested and the call goes on
};

/// Why a host is gone.
enum class Death {
  kNone,      ///< it is well
  kEnded,     ///< by itself, or by somebody else's hand
  kTimedOut,  ///< it did not answer within Patience::most, and was ended
  kStopped,   ///< Patience::stop was requested, and it was ended
  kNonsense,  ///< it sent what is no answer, and was ended
};

/// Use from the thread that started it. A host that dies, hangs or talks nonsense is gone for good:
/// its Error (kFailed) says how it ended, its last words and the line where process.exit was
/// called; `died()` is true then, and the owner may start another where that is safe.
class Host {
 public:
  /// Starts Node; the first call waits for its greeting. kFailed, here or there, when there is no
  /// Node, or one older than 18.
  static Result<Host> start(const HostSetting& setting);
  Host(Host&&) noexcept;
  Host& operator=(Host&&) noexcept;
  ~Host();

  /// Sends one call and waits for its answer.
  Result<Reply> call(std::string_view name, mongo::Document arguments,
                     const mongo::DocumentList& documents = {}, const Patience& patience = {});
  bool died() const { return death() != Death::kNone; }
  Death death() const;
  /// It said why before it went: process.exit, or something that nobody caught.
  bool gave_reason() const;
  /// Kills the process; the destructor waits for it.
  void end();

 private:
  struct Impl;
  explicit Host(std::unique_ptr<Impl> impl);
  static Result<Host> start_process(const HostSetting& setting);
  Result<Reply> exchange(std::string_view name, mongo::Document arguments,
                         const mongo::DocumentList& documents, const Patience& patience);
  std::unique_ptr<Impl> impl_;
};

}  // namespace whimbrel::node
