#include "base/retry.h"

#include <doctest/doctest.h>

#include <thread>

namespace whimbrel {
namespace {

using std::chrono::milliseconds;

Error passing() {
  Error error{ErrorKind::kUnreachable, "no answer"};
  error.retry = Retry::kTransient;
  return error;
}

}  // namespace

TEST_CASE("an attempt that takes longer than patience before it fails is repeated") {
  Stop stop;
  int attempts = 0;
  auto slow = [&]() -> Status {
    if (++attempts > 1) return {};
    std::this_thread::sleep_for(milliseconds(30));
    return passing();
  };
  CHECK(retry_transient(stop, slow, {milliseconds(1), milliseconds(1), milliseconds(10)}));
  CHECK(attempts == 2);
}

TEST_CASE("who lost the lock, or failed elsewhere, is told so, whatever failed of it") {
  using enum Stop::Reason;
  for (auto reason : {kLockLost, kLeaseEnded, kFailed}) {
    Stop stop;
    stop.request(reason);
    Status ended = retry_transient(stop, [] { return Status(passing()); });
    REQUIRE_FALSE(ended);
    CHECK(ended.error().message == Stop::error_of(reason).message);
  }
  Stop interrupted;
  interrupted.request(Stop::Reason::kInterrupt);
  Status ended = retry_transient(interrupted, [] { return Status(passing()); });
  REQUIRE_FALSE(ended);
  CHECK(ended.error().message == "no answer");
}

TEST_CASE("repeating ends with patience") {
  Stop stop;
  auto never = [&]() -> Status { return passing(); };
  CHECK_FALSE(retry_transient(stop, never, {milliseconds(1), milliseconds(1), milliseconds(10)}));
}

}  // namespace whimbrel
