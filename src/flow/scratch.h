// A scratch database: where a migration is tried on copies of the user's documents.
#pragma once

#include <memory>
#include <string>

#include "flow/project.h"

namespace whimbrel {

/// `whimbrel_scratch_` and an ObjectId: no database of an application is called so.
inline constexpr std::string_view kScratchPrefix = "whimbrel_scratch_";

/// A database beside the project's with the same configuration, a client and a Node host of its
/// own, and its own lock, whose heartbeat says that somebody still works there. Belongs to the
/// thread that opened it; `real` must outlive it.
class Scratch {
 public:
  /// Drops what killed processes left, then makes an empty one. Errors: kNotAuthorised when the
  /// user may not write to other databases, with what it takes.
  static Result<std::unique_ptr<Scratch>> open(Project& real, const std::string& command,
                                               Stop& stop);
  ~Scratch();  ///< Drops it if drop() was not called; what the server then says is lost.
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  /// The same project, with the scratch database for its own.
  Project& project() { return project_; }
  const Lock& lock() const { return *lock_; }
  Status drop();

 private:
  explicit Scratch(Project project) : project_(std::move(project)) {}
  Project project_;
  std::optional<Lock> lock_;  // borrows the project's client
  bool dropped_ = false;
};

/// Drops scratch databases whose owner is dead or has not been heard of for a lease; those of
/// living processes stay. A user who may not list databases has none to drop.
Status drop_left_scratches(mongo::Client& client, const std::string& lock_collection);

}  // namespace whimbrel
