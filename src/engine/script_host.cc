#include "engine/script_host.h"

#include <fmt/format.h>

namespace whimbrel {

using mongo::DocumentList;
using node::Death;
using node::Host;
using node::TransformReply;

namespace {

constexpr std::chrono::seconds kLastWord{5};

/// What the user's code threw, as an Error.
Status checked(Result<node::Reply> reply, const std::string& file) {
  if (!reply) {
    bool stopped = reply.error().kind != ErrorKind::kFailed;
    return stopped ? std::move(reply).error() : std::move(reply).error().while_doing(file);
  }
  if (!reply->failed) return {};
  return node::to_error(*reply->failed, file, ErrorKind::kFailed);
}

}  // namespace

ScriptHost::ScriptHost(const DocumentTask& task, const Stop& stop)
    : setting_(*task.script), step_(std::get<TransformStep>(task.step.body)), stop_(stop) {}

Status ScriptHost::prepare() {
  if (host_ && !host_->died()) return {};
  host_.reset();
  Host host = TRY(Host::start(setting_.host));
  TRY(checked(node::open_migration(host, setting_.migration, patient()), setting_.migration.file));
  host_.emplace(std::move(host));
  return {};
}

Error ScriptHost::explained(Error error, size_t documents) const {
  switch (host_->death()) {
    case Death::kStopped:
      return error;
    case Death::kTimedOut:
      return Error{ErrorKind::kFailed,
                   fmt::format("{}: no answer for a batch of {} documents within {} s "
                               "(node.transformTimeout); its Node process was ended",
                               setting_.migration.file, documents,
                               setting_.transform_timeout.count() / 1000.0),
                   "nothing of the batch was written; make it faster or its batches smaller, then: "
                   "whimbrel up"};
    default:
      error.blame = Blame::kBatch;
      return error;
  }
}

Result<TransformReply> ScriptHost::ask(const DocumentList& documents) {
  TRY(prepare());
  node::Patience patience{.most = setting_.transform_timeout, .stop = &stop_};
  auto reply = node::transform(*host_, setting_.migration, step_.reverts, documents, patience);
  if (reply && !reply->failed) return reply;
  if (reply) {
    Error error{ErrorKind::kFailed, failure_text(*reply->failed)};
    error.blame = Blame::kBatch;
    return error;
  }
  if (!host_->died()) return reply;
  return explained(std::move(reply).error(), documents.size());
}

Result<TransformReply> ScriptHost::transform(const DocumentList& documents) {
  auto reply = ask(documents);
  // Somebody else, or what an earlier document left behind, may have ended it.
  bool perhaps_innocent = !reply && documents.size() == 1 && host_ && host_->died() &&
                          reply.error().blame == Blame::kBatch;
  return perhaps_innocent ? ask(documents) : std::move(reply);
}

Status ScriptHost::check() {
  TRY(prepare());
  return checked(node::check_migration(*host_, setting_.migration.path, patient()),
                 setting_.migration.file);
}

Status ScriptHost::close() {
  if (!host_ || host_->died()) return {};
  node::Patience patience = patient();
  // It was asked to stop before this: a last word is still allowed.
  if (stop_.requested()) patience = {.most = kLastWord, .stop = &stop_};
  Status closed = checked(node::close_migration(*host_, setting_.migration.path, patience),
                          setting_.migration.file);
  host_.reset();
  return closed;
}

std::string failure_text(const node::ScriptError& failed) {
  std::string text = failed.message;
  bool value = !failed.thrown.empty() && failed.thrown != "error";
  if (value) text = fmt::format("it threw {} instead of an Error", text);
  else if (!failed.name.empty() && failed.name != "Error") text = failed.name + ": " + text;
  if (!failed.code.empty()) text += fmt::format(" (code {})", failed.code);
  if (failed.line > 0) text += fmt::format(" (line {})", failed.line);
  return text;
}

Status check_script(const DocumentTask& task, const Stop& stop) {
  ScriptHost host(task, stop);
  TRY(host.check());
  return host.close();
}

}  // namespace whimbrel
