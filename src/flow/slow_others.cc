#include "flow/slow_others.h"

#include <fmt/format.h>

#include "base/text.h"
#include "mongo/operations.h"

namespace whimbrel {
namespace {

constexpr size_t kMost = 20;

std::string description(const mongo::SlowOperation& operation) {
  const std::string& what = operation.command.empty() ? operation.op : operation.command;
  const std::string& who = operation.application.empty() ? operation.client : operation.application;
  return fmt::format("{} {} by {}", what, operation.ns, who);
}

}  // namespace

std::optional<SlowOthers> read_slow_others(mongo::Client& client,
                                           std::chrono::milliseconds patience) {
  auto operations = mongo::read_slow_operations(client, kMost, patience);
  if (!operations) return std::nullopt;
  const std::string own = client.application();
  SlowOthers others;
  for (const mongo::SlowOperation& operation : *operations) {
    if (operation.application == own) continue;
    if (others.count++ > 0) continue;  // the longest comes first
    others.longest = description(operation);
    others.seconds = operation.seconds;
  }
  return others;
}

std::string slow_text(const SlowOthers& others) {
  if (others.count == 0) return "";
  return fmt::format("slow operations {} ({}, {})", others.count, others.longest,
                     duration_text(others.seconds));
}

}  // namespace whimbrel
