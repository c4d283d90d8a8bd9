// A small write of our own that tells how long the server takes for one.
#pragma once

#include <chrono>

#include "mongo/collection.h"

namespace whimbrel {

/// One document of kRangesCollection, `_id: {pulse: true}`, that no reader of ranges sees.
class Pulse {
 public:
  Pulse(mongo::Client& client, std::string_view database);

  /// Writes it, as sure as an application does by default (majority), and says how long that took.
  Result<std::chrono::duration<double, std::milli>> beat() const;
  Status remove() const;

 private:
  mongo::Collection collection_;
};

}  // namespace whimbrel
