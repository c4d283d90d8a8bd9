#include "engine/throttle.h"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

namespace whimbrel {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

/// Lanes that go in and out without a pause until they are ended.
class Traffic {
 public:
  Traffic(Throttle& throttle, int lanes) {
    for (int i = 0; i < lanes; ++i) {
      threads_.emplace_back([this, &throttle] {
        while (!stop_.requested()) {
          Throttle::Turn turn(throttle, stop_);
          if (stop_.requested()) return;
          int now = ++inside_;
          for (int most = most_; now > most && !most_.compare_exchange_weak(most, now);) {
          }
          std::this_thread::yield();
          ++batches;
          --inside_;
        }
      });
    }
  }
  ~Traffic() { stop_.request(Stop::Reason::kInterrupt); }

  bool goes_on() const { return reaches(batches + 20); }
  bool reaches(int64_t count) const {
    auto end = Clock::now() + seconds(10);
    while (batches < count && Clock::now() < end) std::this_thread::yield();
    return batches >= count;
  }
  void forget() { most_ = 0; }
  int most() const { return most_; }

  std::atomic<int64_t> batches{0};

 private:
  Stop stop_;
  std::atomic<int> inside_{0}, most_{0};
  std::vector<std::jthread> threads_;
};

void wait_until_still(const Throttle& throttle) {
  auto end = Clock::now() + seconds(10);
  while (!throttle.is_still() && Clock::now() < end) std::this_thread::yield();
  REQUIRE(throttle.is_still());
}

TEST_CASE("after a hold no batch begins until the last hold is released") {
  Throttle throttle;
  Traffic traffic(throttle, 3);
  CHECK(traffic.goes_on());
  throttle.hold(Hold::kByHand);
  throttle.hold(Hold::kWindow);
  wait_until_still(throttle);
  int64_t before = traffic.batches;
  throttle.release(Hold::kByHand);
  CHECK(throttle.is_still());
  CHECK(traffic.batches == before);
  throttle.release(Hold::kWindow);
  CHECK(traffic.goes_on());
}

TEST_CASE("a gait of paused lets no batch begin") {
  Throttle throttle;
  throttle.set_gait(Gait::kPaused);
  Traffic traffic(throttle, 2);
  // As long as others, who are free, go in and out many times.
  Throttle free;
  CHECK(Traffic(free, 2).reaches(2'000));
  CHECK(traffic.batches == 0);
  throttle.set_gait(Gait::kFull);
  CHECK(traffic.goes_on());
}

TEST_CASE("with fewer lanes one batch is under way at a time, and it rests as long as it took") {
  Throttle throttle;
  CHECK(throttle.rest_after(milliseconds(40)) == milliseconds(0));
  throttle.set_gait(Gait::kFewerLanes);
  CHECK(throttle.rest_after(milliseconds(40)) == milliseconds(40));
  Traffic traffic(throttle, 4);
  CHECK(traffic.goes_on());
  CHECK(traffic.most() == 1);
}

TEST_CASE("no more batches are under way than lanes were set") {
  Throttle throttle;
  throttle.set({.workers = 2});
  Traffic traffic(throttle, 5);
  CHECK(traffic.reaches(200));
  CHECK(traffic.most() <= 2);
}

TEST_CASE("without fresh news of the server's health batches wait") {
  Throttle throttle;
  throttle.trust_until(Clock::now() - milliseconds(1));
  Traffic traffic(throttle, 2);
  Throttle free;
  CHECK(Traffic(free, 2).reaches(2'000));
  CHECK(traffic.batches == 0);
  throttle.trust_until(Clock::now() + seconds(60));
  CHECK(traffic.goes_on());
}

TEST_CASE("under a rate batches are half a second's worth, and documents come no faster") {
  Throttle throttle;
  throttle.set({.max_rate = 1'000});
  CHECK(throttle.now({.docs = 5'000}).docs == 500);
  CHECK(throttle.now({.docs = 50}).docs == 50);
  Stop stop;
  auto started = Clock::now();
  for (int i = 0; i < 5; ++i) {
    Throttle::Turn turn(throttle, stop);
    turn.documents = 50;
  }
  // The fifth begins when 200 documents have had their time.
  CHECK(Clock::now() - started >= milliseconds(195));
}

TEST_CASE("stopping lets everybody through") {
  Throttle throttle;
  throttle.hold(Hold::kByHand);
  Stop stop;
  std::jthread lane([&] {
    throttle.enter(stop);
    throttle.leave(0);
  });
  stop.request(Stop::Reason::kInterrupt);
  lane.join();
  CHECK(throttle.is_still());
}

TEST_CASE("more lanes are wanted when more were set than there are") {
  Throttle throttle;
  std::stop_source source;
  CHECK_FALSE(throttle.wants_more_than(2, source.get_token(), milliseconds(0)));
  throttle.set({.workers = 3});
  CHECK(throttle.wants_more_than(2, source.get_token(), milliseconds(0)));
  CHECK_FALSE(throttle.wants_more_than(3, source.get_token(), milliseconds(0)));
}

}  // namespace
}  // namespace whimbrel
