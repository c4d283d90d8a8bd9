#include "mongo/client_parts.h"

#include <fmt/format.h>

#include <cstdlib>
#include <mutex>
#include <thread>

#include "base/fault.h"
#include "base/retry.h"
#include "base/text.h"
#include "mongo/impatient.h"

namespace whimbrel::mongo {
namespace {

std::function<void(std::string_view, std::string_view)>& driver_log() {
  static std::function<void(std::string_view, std::string_view)> sink;
  return sink;
}

void log_handler(mongoc_log_level_t level, const char* domain, const char* message, void*) {
  if (!driver_log()) return;
  driver_log()(mongoc_log_level_str(level), fmt::format("{}: {}", domain, message));
}

// Debian's libmongoc initialises itself before main(), in a constructor without priority. Its
// counters would live in /dev/shm, where a killed process leaves them behind, and a later one with
// the same pid complains of that on stderr. Only this early can that be declined; linked
// statically, the driver's constructor runs later than one with a priority.
[[gnu::constructor(101)]] void keep_driver_out_of_shared_memory() {
  setenv("MONGOC_DISABLE_SHM", "1", 0);
}

}  // namespace

void prepare_driver() {
  static std::once_flag once;
  std::call_once(once, [] {
    mongoc_log_set_handler(log_handler, nullptr);
    mongoc_init();
  });
}

namespace {

int64_t steady_milliseconds() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

Server read_server(View hello) {
  Server server;
  server.set_name = hello.get_string("setName");
  if (!server.set_name.empty()) server.topology = Server::Topology::kReplicaSet;
  if (hello.get_string("msg") == "isdbgrid") server.topology = Server::Topology::kSharded;
  return server;
}

void read_version(Server& server, View build_info) {
  server.version = build_info.get_string("version");
  View parts = build_info.get_document("versionArray");
  server.major = static_cast<int>(parts.get_int("0"));
  server.minor = static_cast<int>(parts.get_int("1"));
}

}  // namespace

bool Server::has_transactions() const {
  if (topology == Topology::kReplicaSet) return major >= 4;
  return topology == Topology::kSharded && (major > 4 || (major == 4 && minor >= 2));
}

std::string Server::topology_text() const {
  switch (topology) {
    case Topology::kStandalone:
      return "standalone";
    case Topology::kReplicaSet:
      return "replicaset";
    case Topology::kSharded:
      return "sharded";
  }
  return "";
}

ClientHandle make_driver_client(const mongoc_uri_t* uri) {
  ClientHandle client(mongoc_client_new_from_uri(uri));
  if (client) mongoc_client_set_error_api(client.get(), MONGOC_ERROR_API_VERSION_2);
  return client;
}

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

Result<Client> Client::connect(const ConnectOptions& options) {
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  impl->uri = TRY(parse_uri(options));
  bson_error_t problem;
  UriHandle patient = with_answer_limit(impl->uri.get(), kAnyAnswer);
  impl->client.reset(mongoc_client_new_from_uri_with_error(patient.get(), &problem));
  if (!impl->client) {
    return Error{ErrorKind::kUnreachable,
                 fmt::format("cannot connect to {}: {}", redact_uri(options.uri),
                             redact_secrets(problem.message, options.uri))};
  }
  mongoc_client_set_error_api(impl->client.get(), MONGOC_ERROR_API_VERSION_2);
  Client client(std::move(impl));
  std::string doing = "connecting to " + client.redacted_uri();
  auto hello = client.run("admin", make_document("hello", 1));
  if (!hello) return std::move(hello).error().while_doing(doing);
  auto build_info = client.run("admin", make_document("buildInfo", 1));
  if (!build_info) return std::move(build_info).error().while_doing(doing);
  client.impl_->clock_offset = hello->view().get_int("localTime") - steady_milliseconds();
  client.impl_->server = read_server(*hello);
  read_version(client.impl_->server, *build_info);
  return client;
}

Result<Client> Client::another(std::chrono::milliseconds answer) const {
  ConnectOptions options = impl_->options;
  options.server_selection = std::chrono::seconds(30);
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  impl->uri = TRY(parse_uri(options));
  mongoc_uri_set_option_as_bool(impl->uri.get(), MONGOC_URI_SERVERSELECTIONTRYONCE, false);
  impl->client = make_driver_client(with_answer_limit(impl->uri.get(), answer).get());
  impl->all_brief = true;
  impl->server = impl_->server;
  impl->clock_offset = impl_->clock_offset;
  impl->announce = impl_->announce;
  impl->patience = impl_->patience;
  impl->repeatable = impl_->repeatable;
  return Client(std::move(impl));
}

Result<Client> impatient_client(const Client& client, std::chrono::milliseconds answer) {
  Client impatient = TRY(client.another(answer));
  Client::Impl& impl = impatient.impl();
  impl.options.server_selection = answer;
  impl.uri = TRY(parse_uri(impl.options));
  if (!mongoc_uri_has_option(impl.uri.get(), MONGOC_URI_CONNECTTIMEOUTMS)) {
    mongoc_uri_set_option_as_int32(impl.uri.get(), MONGOC_URI_CONNECTTIMEOUTMS,
                                   static_cast<int32_t>(answer.count()));
  }
  impl.client = make_driver_client(with_answer_limit(impl.uri.get(), answer).get());
  impl.patience = std::chrono::milliseconds(0);
  return impatient;
}

const Server& Client::server() const {
  return impl_->server;
}

std::string Client::default_database() const {
  const char* name = mongoc_uri_get_database(impl_->uri.get());
  return name ? name : "";
}

std::string Client::redacted_uri() const {
  return redact_uri(impl_->options.uri);
}

std::string Client::application() const {
  const char* name = mongoc_uri_get_appname(mongoc_client_get_uri(impl_->client.get()));
  return name ? name : "";
}

void Client::announce_sessions(AnnounceSession announce) {
  impl_->announce = std::move(announce);
}

void Client::ride_out(std::chrono::milliseconds patience,
                      const std::vector<std::string>& collections) {
  impl_->patience = patience;
  impl_->repeatable.insert(collections.begin(), collections.end());
}

std::chrono::milliseconds Client::patience() const {
  return impl_->patience;
}

int64_t Client::server_time() const {
  return impl_->clock_offset + steady_milliseconds();
}

Result<Document> Client::run(std::string_view database, View command, Session* session,
                             Router* router) {
  auto attempt = [&] {
    return with_faults([&] { return command_name(command); },
                       [&] { return run_command(database, command, session, router); });
  };
  bool repeats = impl_->patience.count() > 0 && !(session && session->in_transaction()) &&
                 is_repeatable(command, impl_->repeatable);
  if (!repeats) return attempt();
  return retry_transient(process_stop(), [&] { return passing_refusal_as_error(attempt()); },
                         {.patience = impl_->patience});
}

Result<Document> Client::run_command(std::string_view database, View command, Session* session,
                                     Router* router) {
  if (session && session->impl().forward) return session->impl().run_forwarded(database, command);
  // Within a transaction the session remembers its mongos.
  bool routed = router && server().topology == Server::Topology::kSharded &&
                !(session && session->in_transaction());
  mongoc_client_t* driver = session ? session->impl().driver : impl_->client_for(command);
  Document options;
  Router chosen = routed ? *router : 0;
  if (routed && chosen == 0) chosen = TRY(impl_->choose_router(driver));
  if (routed) options.append("serverId", static_cast<int64_t>(chosen));
  bson_error_t problem{};
  if (session &&
      !mongoc_client_session_append(session->impl().handle.get(), options.handle(), &problem)) {
    return impl_->explain(problem, View());
  }
  bson_t borrowed;
  bson_init_static(&borrowed, command.bytes().data(), command.size());
  Document reply;
  bool ok = mongoc_client_command_with_opts(driver, std::string(database).c_str(), &borrowed,
                                            nullptr, options.handle(), reply.handle(), &problem);
  if (!ok) return impl_->explain(problem, reply);
  if (routed) *router = chosen;
  return reply;
}

Result<Client::Router> Client::Impl::choose_router(mongoc_client_t* driver) const {
  bson_error_t problem;
  mongoc_server_description_t* chosen =
      mongoc_client_select_server(driver, true, nullptr, &problem);
  if (!chosen) return explain(problem, View());
  Router id = mongoc_server_description_id(chosen);
  mongoc_server_description_destroy(chosen);
  return id;
}

Status kill_sessions(Client& client, const std::vector<Document>& lsids) {
  if (lsids.empty()) return {};
  Document command;
  command.append_array("killSessions", lsids);
  TRY(client.run("admin", command));
  return {};
}

void set_driver_log(std::function<void(std::string_view, std::string_view)> sink) {
  driver_log() = std::move(sink);
}

}  // namespace whimbrel::mongo
