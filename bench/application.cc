// A live application beside a migration: threads that write to `users`, and how long each write
// took.
//
//   application --uri URI --db DB [--threads 4] [--rate WRITES_PER_SECOND] [--seed S]
//
// Prints "ready" when it writes. Each line on stdin ends a phase: its figures come as one line of
// JSON. At the end of stdin the application stops and counts what is there: `lost` is how many
// acknowledged increments and inserts are not in the collection, `doubled` how many too many.
//
// Each thread increments and sets fields of random users (4 of 5 writes), inserts users below,
// among and above them, and deletes some that it inserted. Without --rate each thread writes as
// fast as it is answered. With it, a write's time counts from when it was due, so that a stall is
// not counted as one slow write.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "mongo/collection.h"

namespace {

using namespace whimbrel;
using Clock = std::chrono::steady_clock;

struct Options {
  std::string uri;
  std::string database;
  int threads = 4;
  double rate = 0;
  uint64_t seed = 1;
};

[[noreturn]] void fail(const std::string& what) {
  fmt::print(stderr, "application: {}\n", what);
  std::exit(1);
}

template <class T>
T value_of(Result<T> result) {
  if (!result) fail(result.error().message);
  return std::move(result).value();
}

/// Microseconds of the writes of one phase.
class Latencies {
 public:
  void add(Clock::duration took) {
    auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
    std::lock_guard guard(mutex_);
    all_.push_back(static_cast<uint32_t>(microseconds));
  }

  std::string end_phase() {
    std::vector<uint32_t> phase;
    double seconds = 0;
    {
      std::lock_guard guard(mutex_);
      phase.swap(all_);
      seconds = std::chrono::duration<double>(Clock::now() - started_).count();
      started_ = Clock::now();
    }
    std::sort(phase.begin(), phase.end());
    auto at = [&](double share) {
      if (phase.empty()) return 0.0;
      auto index = static_cast<size_t>(share * static_cast<double>(phase.size() - 1));
      return phase[index] / 1000.0;
    };
    return fmt::format(
        R"({{"writes":{},"seconds":{:.2f},"p50":{:.2f},"p90":{:.2f},"p99":{:.2f},"max":{:.2f}}})",
        phase.size(), seconds, at(0.5), at(0.9), at(0.99), at(1));
  }

 private:
  std::mutex mutex_;
  std::vector<uint32_t> all_;
  Clock::time_point started_ = Clock::now();
};

/// Where inserted users go: an ObjectId's first byte.
enum Place : uint8_t { kBelow = 0x01, kAmong = 0x65, kAbove = 0xF0 };

class Writer {
 public:
  Writer(const Options& options, int number, const std::vector<mongo::OwnedValue>& users,
         mongo::Client client, Latencies& latencies)
      : options_(options),
        number_(number),
        users_(users),
        client_(std::move(client)),
        collection_(client_, options.database, "users"),
        random_(options.seed * 1000 + static_cast<uint64_t>(number)),
        latencies_(latencies) {}

  void run(const std::atomic<bool>& stop) {
    auto due = Clock::now();
    while (!stop) {
      if (options_.rate > 0) {
        due += std::chrono::microseconds(static_cast<int64_t>(1e6 / options_.rate));
        std::this_thread::sleep_until(due);
      } else {
        due = Clock::now();
      }
      write();
      latencies_.add(Clock::now() - due);
    }
  }

  int64_t increments = 0;
  int64_t alive = 0;  ///< inserted and not deleted

 private:
  void write() {
    switch (random_() % 10) {
      case 0:
        return insert();
      case 1:
        return inserted_.size() > 10 ? remove() : insert();
      default:
        return update();
    }
  }

  void update() {
    mongo::Document change = mongo::make_document(
        "$inc", mongo::make_document("visits", 1), "$set",
        mongo::make_document("seenBy", number_, "seenFrom", "a browser of some kind"));
    const mongo::Value id = users_[random_() % users_.size()].value();
    auto outcome = value_of(collection_.update_one(mongo::make_document("_id", id), change));
    if (outcome.matched != 1) fail("a user is gone");
    ++increments;
  }

  void insert() {
    constexpr Place kPlaces[] = {kBelow, kAmong, kAbove};
    mongo::Document user;
    std::string id = fmt::format("{:02x}{:014x}{:08x}", static_cast<int>(kPlaces[random_() % 3]),
                                 random_() >> 8, static_cast<uint32_t>(number_));
    user.append_object_id("_id", id);
    user.append("name", "Somebody New").append("oldTheme", "dark").append("liveInsert", true);
    Status done = collection_.insert_one(user);
    if (!done) fail(done.error().message);
    inserted_.push_back(std::move(id));
    ++alive;
  }

  void remove() {
    std::swap(inserted_[random_() % inserted_.size()], inserted_.back());
    mongo::Document filter;
    filter.append_object_id("_id", inserted_.back());
    inserted_.pop_back();
    value_of(collection_.remove_one(filter));
    --alive;
  }

  const Options& options_;
  int number_;
  const std::vector<mongo::OwnedValue>& users_;
  mongo::Client client_;
  mongo::Collection collection_;
  std::mt19937_64 random_;
  Latencies& latencies_;
  std::vector<std::string> inserted_;
};

std::vector<mongo::OwnedValue> read_ids(mongo::Client& client, const Options& options) {
  std::vector<mongo::OwnedValue> ids;
  mongo::Document find =
      mongo::make_document("find", "users", "projection", mongo::make_document("_id", 1));
  for (const mongo::Document& user : value_of(mongo::read_all(client, options.database, find))) {
    ids.emplace_back(*user.view().find("_id"));
  }
  if (ids.empty()) fail("there are no users");
  return ids;
}

int64_t visits_in(mongo::Client& client, const Options& options) {
  mongo::Document total = mongo::make_document(
      "$group", mongo::make_document("_id", 0, "visits", mongo::make_document("$sum", "$visits")));
  mongo::Array pipeline;
  pipeline.add(total);
  auto sums =
      value_of(mongo::Collection(client, options.database, "users").aggregate_all(pipeline.view()));
  return sums.empty() ? 0 : sums[0].view().find("visits")->as_int();
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i], value = argv[i + 1];
    if (flag == "--uri") options.uri = value;
    else if (flag == "--db") options.database = value;
    else if (flag == "--threads") options.threads = std::stoi(value);
    else if (flag == "--rate") options.rate = std::stod(value) / options.threads;
    else if (flag == "--seed") options.seed = std::stoull(value);
    else fail("unknown flag " + flag + "; the first lines of bench/application.cc list them");
  }
  return options;
}

std::string compare(int64_t expected, int64_t found) {
  return fmt::format(R"("lost":{},"doubled":{})", std::max<int64_t>(0, expected - found),
                     std::max<int64_t>(0, found - expected));
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  mongo::Client client = value_of(mongo::Client::connect({options.uri}));
  const auto users = read_ids(client, options);
  Latencies latencies;
  std::atomic<bool> stop{false};
  std::vector<std::unique_ptr<Writer>> writers;
  std::vector<std::thread> threads;
  for (int i = 0; i < options.threads; ++i) {
    writers.push_back(
        std::make_unique<Writer>(options, i, users, value_of(client.another()), latencies));
    threads.emplace_back([&stop, writer = writers.back().get()] { writer->run(stop); });
  }
  std::cout << "ready" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << latencies.end_phase() << std::endl;
  }
  stop = true;
  for (auto& thread : threads) thread.join();
  int64_t increments = 0, inserted = 0;
  for (const auto& writer : writers) increments += writer->increments, inserted += writer->alive;
  mongo::Collection collection(client, options.database, "users");
  int64_t found = value_of(collection.count(mongo::make_document("liveInsert", true)));
  fmt::print(R"({{"increments":{{{}}},"inserts":{{{}}}}})"
             "\n",
             compare(increments, visits_in(client, options)), compare(inserted, found));
}
