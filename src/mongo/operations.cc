#include "mongo/operations.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace whimbrel::mongo {
namespace {

constexpr int kSlowSeconds = 1;

bool is_internal(View operation) {
  // Threads of the server have no client; members and a mongos name themselves in the metadata.
  if (!operation.find("client") && !operation.find("client_s")) return true;
  View metadata = operation.get_document("clientMetadata");
  std::string driver = metadata.get_document("driver").get_string("name");
  bool by_server = driver == "NetworkInterfaceTL" || driver == "MongoDB Internal Client";
  return by_server && !metadata.find("mongos");
}

bool waits_on_purpose(View operation) {
  static const std::set<std::string_view> kWaiting = {"hello", "isMaster", "ismaster", "currentOp"};
  std::vector<Value> command = operation.get_document("command").elements();
  if (!command.empty() && kWaiting.contains(command.front().key())) return true;
  // An aggregation by $currentOp, as the command of that name is on a mongos.
  if (operation.get_document("command").at_path("pipeline.0.$currentOp")) return true;
  View cursor = operation.get_document("cursor");
  return cursor.get_bool("tailable") && cursor.get_bool("awaitData");
}

std::string opid_of(View operation) {
  auto opid = operation.find("opid");
  if (!opid) return "";
  if (opid->is_number()) return std::to_string(opid->as_int());
  return std::string(opid->as_string());
}

double seconds_of(View operation) {
  if (auto micros = operation.find("microsecs_running"); micros && micros->is_number())
    return static_cast<double>(micros->as_int()) / 1e6;
  return static_cast<double>(operation.get_int("secs_running"));
}

SlowOperation operation_of(View operation) {
  SlowOperation slow;
  slow.opid = opid_of(operation);
  slow.seconds = seconds_of(operation);
  slow.op = operation.get_string("op");
  slow.ns = operation.get_string("ns");
  slow.client = operation.get_string(operation.find("client") ? "client" : "client_s");
  slow.application = operation.get_string("appName");
  if (slow.application.empty()) {
    slow.application =
        operation.get_document("clientMetadata").get_document("driver").get_string("name");
  }
  std::vector<Value> command = operation.get_document("command").elements();
  if (!command.empty()) slow.command = command.front().key();
  std::vector<Value> users = operation.get_document("effectiveUsers").elements();
  if (!users.empty()) {
    View user = users.front().as_document();
    slow.user = fmt::format("{}@{}", user.get_string("user"), user.get_string("db"));
  }
  slow.waits_for_lock = operation.get_bool("waitingForLock");
  return slow;
}

}  // namespace

std::vector<SlowOperation> parse_operations(View reply, size_t most) {
  std::vector<SlowOperation> slow;
  for (const Value& value : reply.get_document("inprog").elements()) {
    View operation = value.as_document();
    if (seconds_of(operation) < kSlowSeconds || operation.get_string("op") == "none") continue;
    if (is_internal(operation) || waits_on_purpose(operation)) continue;
    slow.push_back(operation_of(operation));
  }
  std::stable_sort(slow.begin(), slow.end(), [](const SlowOperation& a, const SlowOperation& b) {
    return a.seconds > b.seconds;
  });
  if (slow.size() > most) slow.resize(most);
  return slow;
}

Result<std::vector<SlowOperation>> read_slow_operations(Client& client, size_t most,
                                                        std::chrono::milliseconds patience) {
  Document command = make_document("currentOp", 1, "$all", false, "active", true, "secs_running",
                                   make_document("$gte", kSlowSeconds));
  if (patience.count() > 0) command.append("maxTimeMS", patience.count());
  Document reply = TRY(client.run("admin", command));
  return parse_operations(reply, most);
}

}  // namespace whimbrel::mongo
