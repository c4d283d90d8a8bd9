// The Node host of one lane: started when it is needed, and again when it died.
#pragma once

#include <optional>

#include "base/stop.h"
#include "engine/task.h"

namespace whimbrel {

/// Use from one thread: a host ends with the thread that started it. Only a lost lock ends a
/// running call; whoever presses Ctrl-C waits for the batch, but not for setup or check.
class ScriptHost {
 public:
  /// `task` must have its script.
  ScriptHost(const DocumentTask& task, const Stop& stop);

  /// Starts Node, loads the module and awaits setup(ctx), unless that is done. kFailed naming file
  /// and line.
  Status prepare();

  /// Asks for each document. Errors with Blame::kBatch when transformBatch threw or the host died:
  /// half of the documents may do. A document that kills two hosts alone is to blame. Taking longer
  /// than transform_timeout is an Error without blame.
  Result<node::TransformReply> transform(const mongo::DocumentList& documents);

  /// Awaits check(ctx).
  Status check();
  /// Awaits teardown(ctx) and ends Node. Does nothing when there is none.
  Status close();

 private:
  Result<node::TransformReply> ask(const mongo::DocumentList& documents);
  Error explained(Error error, size_t documents) const;
  node::Patience patient() const { return {.most = {}, .stop = &stop_, .ends_on_interrupt = true}; }

  const ScriptSetting& setting_;
  const TransformStep& step_;
  const Stop& stop_;
  std::optional<node::Host> host_;
};

/// "TypeError: x is undefined (line 12)".
std::string failure_text(const node::ScriptError& failed);

/// Opens the migration, awaits its check(ctx), and closes it. kFailed naming file and line when one
/// of them fails.
Status check_script(const DocumentTask& task, const Stop& stop);

}  // namespace whimbrel
