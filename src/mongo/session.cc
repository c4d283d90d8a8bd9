// Sessions of the driver, and those of another driver that commands are forwarded to.
#include <thread>

#include "base/fault.h"
#include "base/retry.h"
#include "mongo/client_parts.h"

namespace whimbrel::mongo {
namespace {

using TransactionOptions =
    std::unique_ptr<mongoc_transaction_opt_t, DestroyWith<mongoc_transaction_opts_destroy>>;

}  // namespace

Session::Session(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Session::Session(Session&&) noexcept = default;
Session::~Session() {
  if (impl_) abort();
}

Result<Session> Session::Impl::open(Client& client, mongoc_client_t* driver) {
  bson_error_t problem;
  SessionHandle handle(mongoc_client_start_session(driver, nullptr, &problem));
  if (!handle) return client.impl().explain(problem, View());
  auto impl = std::make_unique<Impl>();
  impl->client = &client;
  impl->driver = driver;
  impl->handle = std::move(handle);
  return Session(std::move(impl));
}

Result<Session> Session::start_reading(Client& client, View command) {
  return Impl::open(client, client.impl().client_for(command));
}

Session Session::Impl::forwarded(Client& client, ForwardCommand forward) {
  auto impl = std::make_unique<Impl>();
  impl->client = &client;
  impl->driver = nullptr;
  impl->forward = std::move(forward);
  return Session(std::move(impl));
}

Result<Document> Session::Impl::run_forwarded(std::string_view database, View command) const {
  Document reply = TRY(forward(database, command));
  if (reply.view().get_bool("ok") || reply.view().get_int("ok") == 1) return reply;
  return client->impl().without_secrets(to_error(reply.view(), reply.view()));
}

/// Once for each session.
Status Client::Impl::announce_session(Client& self, View lsid) {
  std::string key = lsid.to_json();
  if (!announce || announced.contains(key)) return {};
  TRY(announce(self, lsid));
  announced.insert(std::move(key));
  return {};
}

Result<Session> Session::start(Client& client) {
  Client::Impl& owner = client.impl();
  Session session = TRY(Impl::open(client, owner.brief_client()));
  const bson_t* lsid = mongoc_client_session_get_lsid(session.impl().handle.get());
  TRY(owner.announce_session(client, View({bson_get_data(lsid), lsid->len})));
  return session;
}

Result<Session> forwarded_session(Client& client, View lsid, ForwardCommand forward) {
  TRY(client.impl().announce_session(client, lsid));
  return Session::Impl::forwarded(client, std::move(forward));
}

namespace {

Error not_ours() {
  return Error{ErrorKind::kBug, "this transaction is another driver's"};
}

}  // namespace

Status Session::begin(Durability durability) {
  if (impl_->forward) return not_ours();
  TransactionOptions options(mongoc_transaction_opts_new());
  mongoc_read_concern_t* snapshot = mongoc_read_concern_new();
  mongoc_read_concern_set_level(snapshot, MONGOC_READ_CONCERN_LEVEL_SNAPSHOT);
  mongoc_transaction_opts_set_read_concern(options.get(), snapshot);
  mongoc_read_concern_destroy(snapshot);
  mongoc_write_concern_t* concern = mongoc_write_concern_new();
  if (durability == Durability::kMajority) mongoc_write_concern_set_wmajority(concern, 0);
  else mongoc_write_concern_set_w(concern, 1);
  mongoc_transaction_opts_set_write_concern(options.get(), concern);
  mongoc_write_concern_destroy(concern);
  bson_error_t problem;
  if (!mongoc_client_session_start_transaction(impl_->handle.get(), options.get(), &problem)) {
    return impl_->client->impl().explain(problem, View());
  }
  return {};
}

Status Session::commit_once() {
  Document reply;
  bson_error_t problem;
  if (mongoc_client_session_commit_transaction(impl_->handle.get(), reply.handle(), &problem)) {
    return {};
  }
  return impl_->client->impl().without_secrets(to_commit_error(problem, reply));
}

Status Session::commit(std::chrono::milliseconds patience) {
  if (impl_->forward) return not_ours();
  Waits waits({.patience = patience});
  while (true) {
    auto committed = with_faults([] { return "commitTransaction"; }, [&] { return commit_once(); });
    if (committed) return {};
    Error error = std::move(committed).error();
    bool broke = error.kind == ErrorKind::kUnreachable && error.retry == Retry::kTransient;
    bool again = broke || error.retry == Retry::kUnknownCommit;
    if (!again || waits.over()) return error;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

void Session::abort() {
  if (impl_->forward || !in_transaction()) return;
  if constexpr (kHasFaults) (void)pass_fault_point("abortTransaction", FaultSide::kBefore);
  mongoc_client_session_abort_transaction(impl_->handle.get(), nullptr);
}

bool Session::in_transaction() const {
  return impl_->forward || mongoc_client_session_in_transaction(impl_->handle.get());
}

}  // namespace whimbrel::mongo
