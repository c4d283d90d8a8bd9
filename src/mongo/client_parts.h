// What Client and Session are made of; for client.cc and session.cc alone.
#pragma once

#include <mongoc/mongoc.h>

#include <memory>
#include <set>

#include "base/text.h"
#include "mongo/client.h"
#include "mongo/command.h"
#include "mongo/error.h"
#include "mongo/forwarded_session.h"
#include "mongo/uri.h"

namespace whimbrel::mongo {

template <auto destroy>
struct DestroyWith {
  template <class T>
  void operator()(T* handle) const {
    destroy(handle);
  }
};

using ClientHandle = std::unique_ptr<mongoc_client_t, DestroyWith<mongoc_client_destroy>>;
using SessionHandle =
    std::unique_ptr<mongoc_client_session_t, DestroyWith<mongoc_client_session_destroy>>;

/// Null only for options that the driver does not have.
ClientHandle make_driver_client(const mongoc_uri_t* uri);

struct Client::Impl {
  ConnectOptions options;
  UriHandle uri;
  ClientHandle client;
  ClientHandle brief;      ///< made when it is needed
  bool all_brief = false;  ///< `client` has a limit itself
  Server server;
  AnnounceSession announce;
  std::set<std::string> announced;  ///< session ids, as JSON
  std::chrono::milliseconds patience{0};
  CollectionNames repeatable;  ///< collections; see ride_out()
  int64_t clock_offset = 0;    ///< server's wall clock less our steady one, milliseconds

  mongoc_client_t* brief_client() {
    if (all_brief || patience.count() == 0) return client.get();
    if (!brief) brief = make_driver_client(with_answer_limit(uri.get(), kUsualAnswer).get());
    return brief.get();
  }
  mongoc_client_t* client_for(View command) {
    return is_brief(command, repeatable) ? brief_client() : client.get();
  }
  Status announce_session(Client& self, View lsid);
  Result<Router> choose_router(mongoc_client_t* driver) const;
  Error explain(const bson_error_t& problem, View reply) const {
    return without_secrets(to_error(problem, reply));
  }
  Error without_secrets(Error error) const {
    error.message = redact_secrets(std::move(error.message), options.uri);
    return error;
  }
};

/// A session of the driver, or one that is forwarded.
struct Session::Impl {
  Client* client;
  mongoc_client_t* driver;  ///< the one of the client's connections that it belongs to
  SessionHandle handle;
  ForwardCommand forward = {};  ///< another driver's: there is no handle

  static Result<Session> open(Client& client, mongoc_client_t* driver);
  static Session forwarded(Client& client, ForwardCommand forward);
  Result<Document> run_forwarded(std::string_view database, View command) const;
};

}  // namespace whimbrel::mongo
